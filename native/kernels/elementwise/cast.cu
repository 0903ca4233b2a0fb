#include "kernels/elementwise/cast.cuda.h"

#include "cuda/cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

// Bound by memory: a warp reads 64 and writes 128 consecutive bytes.
template <class Half>
__global__ void __launch_bounds__(kThreads)
    cast_kernel(const Half* __restrict__ from, float* __restrict__ out, int64_t n) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += stride) {
    out[i] = to_float(from[i]);
  }
}

template <class Half>
void cast(const uint16_t* bits, float* out, int64_t n, Stream& stream) {
  if (n == 0) return;
  POPE_LAUNCH((cast_kernel<Half>), stream.blocks(n, kThreads), kThreads, 0, stream.handle(),
              reinterpret_cast<const Half*>(bits), out, n);
}

}  // namespace

void cast_f16(const uint16_t* bits, float* out, int64_t n, Stream& stream) { cast<f16>(bits, out, n, stream); }
void cast_bf16(const uint16_t* bits, float* out, int64_t n, Stream& stream) { cast<bf16>(bits, out, n, stream); }

}  // namespace pope::cuda
