// The loops of exact_sum, one copy per instruction set. n is a multiple of 8.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct ExactSumKernels {
  // The largest |x|; infinity where a term is not finite.
  double (*largest)(const double* x, int64_t n);
  // Takes (sigma + x) - sigma out of every x, and puts what remains into `rest`, which may be x; returns the sum of what
  // was taken, and says whether anything is left.
  double (*take_upper)(const double* x, double* rest, int64_t n, double sigma, bool* left);
};

POPE_DECLARE_TIERS(extern const ExactSumKernels exact_sum_kernels;)

}  // namespace pope
