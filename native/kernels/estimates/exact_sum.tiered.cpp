#include "kernels/estimates/exact_sum.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

constexpr int kTogether = 8 / kDoubles;  // vectors of eight terms

inline Doubles load_doubles(const double* x) {
  Doubles v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

double largest(const double* x, int64_t n) {
  Doubles most[kTogether]{};
  DoubleMasks finite = most[0] == most[0];  // NaN is lost in a maximum
  for (int64_t i = 0; i < n; i += 8) {
    for (int t = 0; t < kTogether; ++t) {
      const Doubles value = load_doubles(x + i + t * kDoubles), size = value < 0 ? -value : value;
      finite &= size < __builtin_inf();
      most[t] = most[t] < size ? size : most[t];
    }
  }
  double all = 0;
  for (int lane = 0; lane < kDoubles; ++lane) {
    if (finite[lane] == 0) return __builtin_inf();
    for (int t = 0; t < kTogether; ++t) all = all < most[t][lane] ? most[t][lane] : all;
  }
  return all;
}

double take_upper(const double* x, double* rest, int64_t n, double sigma, bool* left) {
  Doubles sums[kTogether]{};
  DoubleMasks remains{};
  for (int64_t i = 0; i < n; i += 8) {
    for (int t = 0; t < kTogether; ++t) {
      const int64_t at = i + t * kDoubles;
      const Doubles value = load_doubles(x + at), upper = (sigma + value) - sigma, lower = value - upper;
      __builtin_memcpy(rest + at, &lower, sizeof lower);
      sums[t] += upper;
      remains |= lower != 0;
    }
  }
  double sum = 0;
  *left = false;
  for (int lane = 0; lane < kDoubles; ++lane) {
    *left |= remains[lane] != 0;
    for (int t = 0; t < kTogether; ++t) sum += sums[t][lane];
  }
  return sum;
}

}  // namespace

extern const ExactSumKernels exact_sum_kernels;
const ExactSumKernels exact_sum_kernels = {largest, take_upper};

}  // namespace pope::POPE_ISA
