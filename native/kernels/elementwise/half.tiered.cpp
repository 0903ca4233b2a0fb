#include "kernels/elementwise/half.tiered.h"

namespace pope::POPE_ISA {

namespace {

// Everything is without branches, so that the compiler makes vectors of the loops.
constexpr uint32_t kInfinity = 0x7f800000u;

inline uint32_t bits_of(float value) { return __builtin_bit_cast(uint32_t, value); }
inline float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// The exponent and fraction move into place of a binary32, which is then 2^-112 times the value for every finite input,
// subnormals included; the product is exact. Infinity and NaN (exponent 31) get the largest exponent afterwards.
inline float f16_to_float(uint16_t bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fffu) << 13;
  const uint32_t special = magnitude >= 0x0f800000u ? kInfinity : 0u;
  return float_of(bits_of(float_of(magnitude) * 0x1p112f) | special | static_cast<uint32_t>(bits & 0x8000u) << 16);
}

inline float bf16_to_float(uint16_t bits) { return float_of(static_cast<uint32_t>(bits) << 16); }

// Drops the low `count` bits, rounding to nearest, ties to even. A carry out of the fraction is the next exponent.
inline uint32_t round_off(uint32_t bits, int count) {
  return (bits + ((1u << (count - 1)) - 1u) + (bits >> count & 1u)) >> count;
}

inline uint16_t float_to_f16(float value) {
  const uint32_t all = bits_of(value), magnitude = all & 0x7fffffffu;
  const uint32_t finite = round_off(magnitude - (112u << 23), 13);       // bias 127 to bias 15
  const uint32_t rounded = magnitude >= 0x477ff000u ? 0x7c00u : finite;  // 65520 and above round to infinity
  const uint32_t normal = magnitude > kInfinity ? 0x7e00u : rounded;
  // Below 2^-14 the unit in the last place is 2^-24, which is also that of a float in [0.5, 1): the addition rounds.
  const uint32_t subnormal = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
  const uint32_t small = -static_cast<uint32_t>(magnitude < 0x38800000u);  // a mask: GCC makes a branch of a choice
  return static_cast<uint16_t>((subnormal & small) | (normal & ~small) | (all >> 16 & 0x8000u));
}

inline uint16_t float_to_bf16(float value) {
  const uint32_t all = bits_of(value), nan = all >> 16 | 0x40u;
  return static_cast<uint16_t>((all & 0x7fffffffu) > kInfinity ? nan : round_off(all, 16));
}

void cast_f16(const uint16_t* __restrict__ bits, float* __restrict__ out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = f16_to_float(bits[i]);
}

void cast_bf16(const uint16_t* __restrict__ bits, float* __restrict__ out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = bf16_to_float(bits[i]);
}

void narrow_f16(const float* __restrict__ values, uint16_t* __restrict__ bits, int64_t n) {
  for (int64_t i = 0; i < n; ++i) bits[i] = float_to_f16(values[i]);
}

void narrow_bf16(const float* __restrict__ values, uint16_t* __restrict__ bits, int64_t n) {
  for (int64_t i = 0; i < n; ++i) bits[i] = float_to_bf16(values[i]);
}

}  // namespace

extern const HalfKernels half_kernels;
const HalfKernels half_kernels = {cast_f16, cast_bf16, narrow_f16, narrow_bf16};

}  // namespace pope::POPE_ISA
