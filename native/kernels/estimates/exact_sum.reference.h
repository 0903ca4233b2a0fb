// As a fixed-point number with room for every double: digits of 32 bits from 2^-1088 upwards, which carry when all is added.
#pragma once

#include <cmath>
#include <cstdint>

namespace pope::reference {

constexpr int kDigits = 68, kLowest = -1088;

// Every digit from 0 to 2^32 - 1 but the last, which has the sign.
inline void carry(int64_t* digits) {
  for (int d = 0; d + 1 < kDigits; ++d) {
    digits[d + 1] += digits[d] >> 32;
    digits[d] &= 0xffffffff;
  }
}

inline double exact_sum(const double* x, int64_t n) {
  int64_t digits[kDigits] = {};
  for (int64_t i = 0; i < n; ++i) {
    int exponent;
    const auto whole = static_cast<int64_t>(std::ldexp(std::frexp(x[i], &exponent), 53));  // x = whole 2^(exponent - 53)
    const int place = exponent - 53 - kLowest, digit = place / 32;
    const __int128 shifted = static_cast<__int128>(whole) << place % 32;
    digits[digit] += static_cast<int64_t>(shifted & 0xffffffff);
    digits[digit + 1] += static_cast<int64_t>(shifted >> 32 & 0xffffffff);
    digits[digit + 2] += static_cast<int64_t>(shifted >> 64);
  }
  carry(digits);
  const bool negative = digits[kDigits - 1] < 0;
  if (negative) {
    for (int64_t& digit : digits) digit = -digit;
    carry(digits);
  }
  long double sum = 0;
  for (int d = 0; d < kDigits; ++d) sum += std::ldexp(static_cast<long double>(digits[d]), 32 * d + kLowest);
  return static_cast<double>(negative ? -sum : sum);
}

}  // namespace pope::reference
