// The pattern whose number is nearest: finite patterns of one sign are in the order of their numbers, so bisect.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/elementwise/cast.reference.h"

namespace pope::reference {

inline uint16_t nearest_pattern(double value, int exponent_bits, int fraction_bits) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000u : 0u);
  const auto infinity = static_cast<uint16_t>(((1u << exponent_bits) - 1u) << fraction_bits);
  const auto number = [&](uint32_t pattern) {
    // Rounding treats infinity as the number that would follow the largest finite one.
    if (pattern == infinity) return std::ldexp(1.0, 1 << (exponent_bits - 1));
    return decode<double>(static_cast<uint16_t>(pattern), exponent_bits, fraction_bits);
  };
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) return sign | infinity | static_cast<uint16_t>(1u << (fraction_bits - 1));
  if (magnitude >= number(infinity)) return sign | infinity;
  uint32_t low = 0, high = infinity;  // number(low) <= magnitude < number(high)
  while (high - low > 1) {
    const uint32_t middle = (low + high) / 2;
    (number(middle) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - number(low), above = number(high) - magnitude;
  const bool up = above < below || (above == below && low % 2 == 1);
  return sign | static_cast<uint16_t>(up ? high : low);
}

inline uint16_t narrow_f16(double value) { return nearest_pattern(value, 5, 10); }
inline uint16_t narrow_bf16(double value) { return nearest_pattern(value, 8, 7); }

}  // namespace pope::reference
