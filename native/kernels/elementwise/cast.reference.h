#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace pope::reference {

// The definition of a binary format with `exponent_bits` and `fraction_bits`, term by term.
template <class T>
T decode(uint16_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const T sign = bits >> 15 ? T(-1) : T(1);
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction ? std::numeric_limits<T>::quiet_NaN() : sign * std::numeric_limits<T>::infinity();
  }
  const T significand = T(fraction) / T(1 << fraction_bits) + (exponent ? T(1) : T(0));
  return sign * std::ldexp(significand, (exponent ? exponent : 1) - bias);
}

template <class T>
void cast_f16(const uint16_t* bits, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = decode<T>(bits[i], 5, 10);
}

template <class T>
void cast_bf16(const uint16_t* bits, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = decode<T>(bits[i], 8, 7);
}

}  // namespace pope::reference
