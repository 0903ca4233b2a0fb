// exact_sum: the sum of doubles without any error, rounded once to the nearest double (to even where two are as near).
// Neither the order of the terms nor how they are shared among threads changes a bit of it.
//
// Terms are cut at a common exponent, (sigma + x) - sigma with sigma so far above all of them that the upper parts add up
// without rounding, and again until nothing is left (Rump, Ogita and Oishi, "Accurate floating-point summation", SIAM
// J. Sci. Comput. 2008). What comes together is kept as a fixed-point number with room for every double (Kulisch and
// Miranker, "The arithmetic of the digital computer: a new approach", SIAM Review 1986): no sum on the way is too large.
//   x [n]   sum [1]
#pragma once

#include <array>
#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

class ExactSum {
 public:
  static constexpr int64_t kMost = 4096;  // terms that one call of `add` may bring

  // Throws non_finite for terms that are not finite.
  void add(const double* x, int64_t n);
  void merge(const ExactSum& other);
  // 0 for a sum of nothing and for one of zeros, whatever their signs. Throws non_finite for a sum that no double holds.
  double value() const;

 private:
  // Digits of 32 bits, the lowest worth 2^kLowest, below every double; 64 bits above the largest for the sum of many. Each
  // has a sign and room for 2^30 terms until it carries.
  static constexpr int kDigits = 69, kLowest = -1088;
  static constexpr int64_t kMostPending = int64_t{1} << 30;
  using Digits = std::array<int64_t, kDigits>;

  static void carry(Digits& digits);
  void grow(double term);

  Digits digits_{};
  int64_t pending_ = 0;  // terms since the last carry
};

void exact_sum(const double* x, int64_t n, double* sum, ThreadPool& pool);

}  // namespace pope
