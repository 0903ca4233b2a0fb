#include "kernels/elementwise/narrow.h"

#include <bit>

namespace pope {

namespace {

constexpr uint32_t kInfinity = 0x7f800000u;

// Drops the low `count` bits, rounding to nearest, ties to even. A carry out of the fraction is the next exponent.
uint32_t round_off(uint32_t magnitude, int count) {
  const uint32_t half = (1u << (count - 1)) - 1u;
  return (magnitude + half + ((magnitude >> count) & 1u)) >> count;
}

uint16_t float_to_f16(float value) {
  const uint32_t all = std::bit_cast<uint32_t>(value), magnitude = all & 0x7fffffffu;
  const auto sign = static_cast<uint16_t>(all >> 16 & 0x8000u);
  if (magnitude > kInfinity) return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and above round to infinity
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the unit in the last place is 2^-24, which is also that of a float in [0.5, 1): the addition rounds.
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(sum) - std::bit_cast<uint32_t>(0.5f));
  }
  return sign | static_cast<uint16_t>(round_off(magnitude - (112u << 23), 13));  // bias 127 to bias 15
}

uint16_t float_to_bf16(float value) {
  const uint32_t all = std::bit_cast<uint32_t>(value), magnitude = all & 0x7fffffffu;
  if (magnitude > kInfinity) return static_cast<uint16_t>(all >> 16 | 0x40u);
  return static_cast<uint16_t>((all >> 16 & 0x8000u) | round_off(magnitude, 16));
}

}  // namespace

void narrow_f16(const float* values, uint16_t* bits, int64_t n) {
  for (int64_t i = 0; i < n; ++i) bits[i] = float_to_f16(values[i]);
}

void narrow_bf16(const float* values, uint16_t* bits, int64_t n) {
  for (int64_t i = 0; i < n; ++i) bits[i] = float_to_bf16(values[i]);
}

}  // namespace pope
