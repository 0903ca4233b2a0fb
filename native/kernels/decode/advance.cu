#include "kernels/decode/advance.cuda.h"

#include "cuda/cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) advance_kernel(Advance<float> a) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < a.count; i += step) a.row(i);
}

}  // namespace

void advance(const Advance<float>& a, Stream& stream) {
  if (a.count == 0) return;
  POPE_LAUNCH(advance_kernel, stream.blocks(a.count, kThreads), kThreads, 0, stream.handle(), a);
}

}  // namespace pope::cuda
