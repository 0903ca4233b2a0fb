#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/cpu.h"
#include "core/error.h"
#include "kernels/estimates/exact_sum.h"
#include "kernels/estimates/exact_sum.tiered.h"

namespace pope {

namespace {

Error too_large() { return Error(Status::non_finite, "exact_sum: expected finite terms with a finite sum"); }

// So far above |x| <= 2^e that what is taken of 2^12 terms adds up without rounding: multiples of 2^(e - 39), at most
// 2^(e + 12) in all. What is left is at most 2^(e - 39); below the smallest normal number nothing is.
double sigma_above(int e) { return std::ldexp(1.0, std::max(e + 14, -1022)); }

}  // namespace

void ExactSum::add(const double* x, int64_t n) {
  const ExactSumKernels& kernels = POPE_ACTIVE_TIER(exact_sum_kernels);
  alignas(64) double rest[kMost];
  std::copy(x, x + n, rest);
  const int64_t padded = (n + 7) / 8 * 8;
  std::fill(rest + n, rest + padded, 0.0);
  const double most = kernels.largest(rest, padded);
  if (most >= 0x1p1000) {  // sigma would be infinite
    for (int64_t i = 0; i < n; ++i) grow(rest[i]);
    return;
  }
  bool left = most > 0;
  for (int e = left ? std::ilogb(most) + 1 : 0; left; e -= 39) {
    grow(kernels.take_upper(rest, padded, sigma_above(e), &left));
  }
}

void ExactSum::merge(const ExactSum& other) {
  for (const double part : other.parts_) grow(part);
}

void ExactSum::grow(double term) {
  if (!std::isfinite(term)) throw too_large();
  size_t kept = 0;
  for (const double part : parts_) {
    const double sum = term + part;
    if (!std::isfinite(sum)) throw too_large();
    const double low = std::fabs(term) >= std::fabs(part) ? part - (sum - term) : term - (sum - part);
    if (low != 0) parts_[kept++] = low;
    term = sum;
  }
  parts_.resize(kept);
  parts_.push_back(term);
}

double ExactSum::value() const {
  auto at = static_cast<int64_t>(parts_.size()) - 1;
  if (at < 0) return 0;
  double high = parts_[static_cast<size_t>(at)], low = 0;
  while (at > 0 && low == 0) {
    const double before = high, next = parts_[static_cast<size_t>(--at)];
    high = before + next;
    low = next - (high - before);
  }
  // Exactly between two doubles the sign of the rest decides; `high` was rounded to even.
  if (at > 0 && low != 0 && (low < 0) == (parts_[static_cast<size_t>(at - 1)] < 0)) {
    const double twice = 2 * low, other = high + twice;
    if (other - high == twice) high = other;
  }
  return high;
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
