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
    const int64_t blocks = (request.units + kChunkUnits - 1) / kChunkUnits * kChunkBlocks;
    for (int64_t block = threadIdx.x; block < blocks; block += kThreads) {
      const PhiloxWords words = request.words(resample, block);
      const int64_t lane = block % kChunkBlocks, first = block / kChunkBlocks * kChunkUnits + 16 * (lane % 2) + lane / 2;
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const int w = i / 2, half = i % 2;
        const int64_t unit = first + 32 * w + 8 * half;
        if (unit >= request.units) continue;
        const double count = poisson_count(words.word[w] >> 16 * half & 0xffff);
#pragma unroll
        for (int c = 0; c < kColumns; ++c) {
          if (c < columns) sums[c] += count * request.x[(first_column + c) * request.units + unit];
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
