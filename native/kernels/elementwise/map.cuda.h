// Element by element: out[..][i] = formula(in[..][i]), for any number of arrays of one length. Bound by memory, hence
// four elements per load where all arrays allow it. An output may be an input: a thread writes only what it has read.
// Outputs of 16 bits are rounded as they are written.
#pragma once

#include "cuda/floats.h"
#include "cuda/stream.h"

namespace pope::cuda {

constexpr int kMapThreads = 256;

template <int kInputs, int kOutputs, class T = float>
struct MapArrays {
  const float* in[kInputs];
  T* out[kOutputs];
};

template <int n, int kInputs, int kOutputs, class T, class Formula>
__device__ inline void map_at(const MapArrays<kInputs, kOutputs, T>& arrays, int64_t i, const Formula& formula) {
  Floats<n> in[kInputs], out[kOutputs];
#pragma unroll
  for (int k = 0; k < kInputs; ++k) in[k] = load_floats<n>(arrays.in[k] + i);
#pragma unroll
  for (int j = 0; j < n; ++j) {
    float values[kInputs], results[kOutputs];
#pragma unroll
    for (int k = 0; k < kInputs; ++k) values[k] = in[k].at[j];
    formula(values, results);
#pragma unroll
    for (int k = 0; k < kOutputs; ++k) out[k].at[j] = results[k];
  }
#pragma unroll
  for (int k = 0; k < kOutputs; ++k) store_floats<n>(arrays.out[k] + i, out[k]);
}

template <int n, int kInputs, int kOutputs, class T, class Formula>
__global__ void __launch_bounds__(kMapThreads)
    map_kernel(MapArrays<kInputs, kOutputs, T> arrays, int64_t count, Formula formula) {
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kMapThreads + threadIdx.x;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kMapThreads, whole = count / n;
  for (int64_t i = first; i < whole; i += step) map_at<n>(arrays, i * n, formula);
  const int64_t rest = whole * n + first;
  if (n > 1 && rest < count) map_at<1>(arrays, rest, formula);
}

// Formula: void operator()(const float (&in)[kInputs], float (&out)[kOutputs]) const, on the device.
template <int kInputs, int kOutputs, class T = float, class Formula>
void map(const MapArrays<kInputs, kOutputs, T>& arrays, int64_t count, const Formula& formula, Stream& stream) {
  if (count == 0) return;
  bool wide = true;
  for (const float* array : arrays.in) wide = wide && on_boundaries({array});
  for (const T* array : arrays.out) wide = wide && on_boundaries({array});
  by_width(wide, [&](auto width) {
    constexpr int n = decltype(width)::value;
    POPE_LAUNCH((map_kernel<n, kInputs, kOutputs, T, Formula>), stream.blocks(count / n + 1, kMapThreads), kMapThreads, 0,
                stream.handle(), arrays, count, formula);
  });
}

}  // namespace pope::cuda
