#include "kernels/optimizer/blocks.cuda.h"
#include "kernels/optimizer/optimizer.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    block_squares_kernel(const ListedArrays<GradientPart<float>>* list, int length, double* sums) {
  const auto [part, begin, end] = block_of_arrays(list, length);
  double sum = 0;
#pragma unroll 4
  for (int64_t i = begin + threadIdx.x; i < end; i += kThreads) sum += static_cast<double>(part.data[i]) * part.data[i];
  sum = block_sum<kThreads>(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads) add_squares_kernel(const double* sums, int64_t count, double* total) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += sums[i];
  sum = block_sum<kThreads>(sum);
  if (threadIdx.x == 0) *total += sum;
}

}  // namespace

void squared_sum(std::span<const GradientPart<float>> parts, double* total, Stream& stream) {
  const ArrayList<GradientPart<float>> list(parts, stream);
  if (list.blocks() == 0) return;
  const auto sums = stream.scratch<double>(list.blocks());
  POPE_LAUNCH(block_squares_kernel, static_cast<unsigned>(list.blocks()), kThreads, 0, stream.handle(), list.data(),
              list.length(), sums.data());
  POPE_LAUNCH(add_squares_kernel, 1, kThreads, 0, stream.handle(), sums.data(), list.blocks(), total);
}

}  // namespace pope::cuda
