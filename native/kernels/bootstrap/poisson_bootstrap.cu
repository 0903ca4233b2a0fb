#include "kernels/bootstrap/poisson_bootstrap.cuda.h"

#include <algorithm>

#include "cuda/cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kColumns = 4;  // summed at once; the counts are drawn again for the next ones

__global__ void __launch_bounds__(kThreads) poisson_bootstrap_kernel(PoissonBootstrap request, int64_t first_column) {
  const int64_t left = request.columns - first_column;
  const int columns = static_cast<int>(left < kColumns ? left : kColumns);
  for (int64_t resample = blockIdx.x; resample < request.resamples; resample += gridDim.x) {
    double sums[kColumns] = {};
    for (int64_t group = threadIdx.x; 4 * group < request.units; group += kThreads) {
      const PhiloxWords words = request.words(resample, group);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int64_t unit = 4 * group + j;
        if (unit >= request.units) break;
        const double count = poisson_count(words.word[j]);
        const double* x = request.x + unit * request.columns + first_column;
#pragma unroll
        for (int c = 0; c < kColumns; ++c) {
          if (c < columns) sums[c] += count * x[c];
        }
      }
    }
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const double sum = block_sum<kThreads>(sums[c]);
      if (c < columns && threadIdx.x == 0) request.sums[resample * request.columns + first_column + c] = sum;
    }
  }
}

}  // namespace

void poisson_bootstrap(const PoissonBootstrap& request, Stream& stream) {
  if (request.resamples == 0) return;
  const auto blocks = static_cast<unsigned>(std::min<int64_t>(request.resamples, 0x7fffffff));
  for (int64_t column = 0; column < request.columns; column += kColumns) {
    POPE_LAUNCH(poisson_bootstrap_kernel, blocks, kThreads, 0, stream.handle(), request, column);
  }
}

}  // namespace pope::cuda
