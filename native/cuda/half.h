// The 16-bit floats as own types, for the host compiler of the shim knows neither __half nor __nv_bfloat16. Conversion
// rounds to nearest, ties to even (IEEE 754-2019 4.3.1); NaN stays NaN; beyond the largest finite value: infinity.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef POPE_SIMT
#include "kernels/elementwise/cast.reference.h"
#include "kernels/elementwise/narrow.reference.h"
#endif

namespace pope::cuda {

struct f16 {
  uint16_t bits;
};

struct bf16 {
  uint16_t bits;
};

__device__ inline float to_float(float value) { return value; }

__device__ inline float to_float(bf16 value) {
  const uint32_t word = static_cast<uint32_t>(value.bits) << 16;
  float number;
  memcpy(&number, &word, sizeof number);
  return number;
}

#ifdef POPE_SIMT

inline float to_float(f16 value) { return reference::decode<float>(value.bits, 5, 10); }

template <class T>
T from_float(float value);
template <>
inline f16 from_float<f16>(float value) {
  return {reference::narrow_f16(value)};
}
template <>
inline bf16 from_float<bf16>(float value) {
  return {reference::narrow_bf16(value)};
}

#else

__device__ inline float to_float(f16 value) {
  float number;
  asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(value.bits));
  return number;
}

template <class T>
__device__ T from_float(float value);
template <>
__device__ inline f16 from_float<f16>(float value) {
  f16 number;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(number.bits) : "f"(value));
  return number;
}
template <>
__device__ inline bf16 from_float<bf16>(float value) {
  bf16 number;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(number.bits) : "f"(value));
  return number;
}

#endif

template <>
__device__ inline float from_float<float>(float value) {
  return value;
}

}  // namespace pope::cuda
