// exact_sum: the sum of doubles without any error, rounded once to the nearest double (to even where two are as near).
// Neither the order of the terms nor how they are shared among threads changes a bit of it.
//
// Terms are cut at a common exponent, (sigma + x) - sigma with sigma so far above all of them that the upper parts add up
// without rounding, and again until nothing is left (Rump, Ogita and Oishi, "Accurate floating-point summation", SIAM
// J. Sci. Comput. 2008). What comes together is kept as an expansion, doubles that do not overlap (Shewchuk, "Adaptive
// precision floating-point arithmetic", 1997).
//   x [n]   sum [1]
#pragma once

#include <cstdint>
#include <vector>

#include "core/thread_pool.h"

namespace pope {

class ExactSum {
 public:
  static constexpr int64_t kMost = 4096;  // terms that one call of `add` may bring

  // Throws non_finite for terms that are not finite, and for a sum that is not.
  void add(const double* x, int64_t n);
  void merge(const ExactSum& other);
  double value() const;

 private:
  void grow(double term);

  std::vector<double> parts_;  // in ascending order of size
};

void exact_sum(const double* x, int64_t n, double* sum, ThreadPool& pool);

}  // namespace pope
