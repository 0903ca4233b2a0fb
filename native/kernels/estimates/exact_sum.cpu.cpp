#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>

#include "core/cpu.h"
#include "core/error.h"
#include "kernels/estimates/exact_sum.h"
#include "kernels/estimates/exact_sum.tiered.h"

namespace pope {

namespace {

Error too_large() { return Error(Status::non_finite, "exact_sum: expected finite terms with a finite sum"); }

constexpr int64_t kDigitMask = 0xffffffff;

// So far above |x| <= 2^e that what is taken of 2^12 terms adds up without rounding: multiples of 2^(e - 39), at most
// 2^(e + 12) in all. What is left is at most 2^(e - 39); below the smallest normal number nothing is.
double sigma_above(int e) { return std::ldexp(1.0, std::max(e + 14, -1022)); }

}  // namespace

void ExactSum::add(const double* x, int64_t n) {
  const ExactSumKernels& kernels = POPE_ACTIVE_TIER(exact_sum_kernels);
  alignas(64) double rest[kMost];
  const int64_t padded = (n + 7) / 8 * 8;
  if (n < padded) {
    std::copy(x, x + n, rest);
    std::fill(rest + n, rest + padded, 0.0);
    x = rest;
  }
  const double most = kernels.largest(x, padded);
  if (most >= 0x1p1000) {  // sigma would be infinite
    for (int64_t i = 0; i < n; ++i) grow(x[i]);
    return;
  }
  bool left = most > 0;
  for (int e = left ? std::ilogb(most) + 1 : 0; left; e -= 39) {
    grow(kernels.take_upper(x, rest, padded, sigma_above(e), &left));
    x = rest;
  }
}

void ExactSum::merge(const ExactSum& other) {
  Digits digits = other.digits_;
  carry(digits);
  carry(digits_);
  for (size_t d = 0; d < kDigits; ++d) digits_[d] += digits[d];
  pending_ = 2;
}

// Every digit from 0 to 2^32 - 1 but the last, which has the sign.
void ExactSum::carry(Digits& digits) {
  for (size_t d = 0; d + 1 < kDigits; ++d) {
    digits[d + 1] += digits[d] >> 32;
    digits[d] &= kDigitMask;
  }
}

void ExactSum::grow(double term) {
  if (!std::isfinite(term)) throw too_large();
  const auto bits = std::bit_cast<uint64_t>(term);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  const uint64_t whole = exponent == 0 ? fraction : fraction | uint64_t{1} << 52;  // |term| = whole 2^(place + kLowest)
  const int place = std::max(exponent, 1) - 1075 - kLowest, shift = place % 32;
  const uint64_t low = whole << shift, high = shift == 0 ? 0 : whole >> (64 - shift);
  const int64_t sign = bits >> 63 ? -1 : 1;
  int64_t* digit = digits_.data() + place / 32;
  digit[0] += sign * static_cast<int64_t>(low & kDigitMask);
  digit[1] += sign * static_cast<int64_t>(low >> 32);
  digit[2] += sign * static_cast<int64_t>(high);
  if (++pending_ == kMostPending) {
    carry(digits_);
    pending_ = 1;
  }
}

double ExactSum::value() const {
  Digits digits = digits_;
  carry(digits);
  const bool negative = digits.back() < 0;
  if (negative) {
    for (int64_t& digit : digits) digit = -digit;
    carry(digits);
  }
  int top = kDigits - 1;
  while (top >= 0 && digits[static_cast<size_t>(top)] == 0) --top;
  if (top < 0) return 0;
  const auto digit = [&](int d) { return d < 0 ? 0 : static_cast<uint64_t>(digits[static_cast<size_t>(d)]); };

  // The sum's first 64 bits, of which the first is 1, worth 2^last at the end; and whether anything follows them.
  const uint64_t two = digit(top) << 32 | digit(top - 1), third = digit(top - 2) << 32;
  const int zeros = std::countl_zero(two);
  const uint64_t first = zeros == 0 ? two : two << zeros | third >> (64 - zeros);
  const int last = 32 * (top - 1) + kLowest - zeros;
  bool more = third << zeros != 0;
  for (int d = top - 3; d >= 0; --d) more |= digit(d) != 0;

  // A double keeps 53 of them, fewer where the last would be worth less than 2^-1074.
  const int dropped = std::max(11, -1074 - last);
  const uint64_t half = uint64_t{1} << (dropped - 1), rest = first & (2 * half - 1);
  uint64_t kept = first >> dropped;
  if (rest > half || (rest == half && (more || kept % 2 == 1))) ++kept;
  const double size = std::ldexp(static_cast<double>(kept), last + dropped);
  if (std::isinf(size)) throw too_large();
  return negative ? -size : size;
}

void exact_sum(const double* x, int64_t n, double* sum, ThreadPool& pool) {
  ExactSum total;
  std::mutex mutex;
  pool.parallel_for(n, 8 * ExactSum::kMost, [&](int64_t begin, int64_t end) {
    ExactSum part;
    for (int64_t i = begin; i < end; i += ExactSum::kMost) part.add(x + i, std::min(ExactSum::kMost, end - i));
    const std::lock_guard lock(mutex);
    total.merge(part);
  });
  *sum = total.value();
}

}  // namespace pope
