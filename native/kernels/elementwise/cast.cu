#include "kernels/elementwise/cast.cuda.h"

#include "cuda/floats.h"
#include "pope.h"

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

// Eight at a time where both arrays allow it: two loads and one store of 16 bytes.
template <class Half, bool kWide>
__global__ void __launch_bounds__(kThreads)
    narrow_kernel(const float* __restrict__ values, Half* __restrict__ out, int64_t n) {
  constexpr int kWidth = kWide ? Pack<Half>::size : 1;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads, whole = n / kWidth;
  for (int64_t i = first; i < whole; i += step) {
    if constexpr (kWide) {
      const Pack<float> low = load_pack(values + i * kWidth), high = load_pack(values + i * kWidth + kWidth / 2);
      Pack<Half> pack;
#pragma unroll
      for (int j = 0; j < kWidth; ++j) pack.at[j] = from_float<Half>(j < kWidth / 2 ? low.at[j] : high.at[j - kWidth / 2]);
      store_pack(out + i * kWidth, pack);
    } else {
      out[i] = from_float<Half>(values[i]);
    }
  }
  const int64_t rest = whole * kWidth + first;
  if (kWide && rest < n) out[rest] = from_float<Half>(values[rest]);
}

template <class Half>
void narrow_to(const float* values, uint16_t* bits, int64_t n, Stream& stream) {
  if (n == 0) return;
  auto* const out = reinterpret_cast<Half*>(bits);
  const int blocks = stream.blocks(n, kThreads);
  if (on_boundaries({values, bits})) {
    POPE_LAUNCH((narrow_kernel<Half, true>), blocks, kThreads, 0, stream.handle(), values, out, n);
  } else {
    POPE_LAUNCH((narrow_kernel<Half, false>), blocks, kThreads, 0, stream.handle(), values, out, n);
  }
}

}  // namespace

void narrow(const float* values, uint16_t* bits, int64_t n, int64_t dtype, Stream& stream) {
  dtype == POPE_F16 ? narrow_to<f16>(values, bits, n, stream) : narrow_to<bf16>(values, bits, n, stream);
}

void cast_f16(const uint16_t* bits, float* out, int64_t n, Stream& stream) { cast<f16>(bits, out, n, stream); }
void cast_bf16(const uint16_t* bits, float* out, int64_t n, Stream& stream) { cast<bf16>(bits, out, n, stream); }

}  // namespace pope::cuda
