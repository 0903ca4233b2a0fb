// Every count by inversion of the Poisson distribution in long double, every sum in the order of the units.
#pragma once

#include <cmath>

#include "kernels/bootstrap/poisson_bootstrap.h"

namespace pope::reference {

// The smallest n whose P(Poisson(1) <= n) is at least the uniform number (word + 1) / 2^32; at most 13.
inline int poisson_count(uint32_t word) {
  const long double uniform = std::ldexp(static_cast<long double>(word) + 1, -32);
  long double probability = std::exp(-1.0L), at_most = probability;
  int n = 0;
  while (uniform > at_most && n < 13) {
    probability /= ++n;
    at_most += probability;
  }
  return n;
}

inline void poisson_bootstrap(const PoissonBootstrap& request) {
  for (int64_t b = 0; b < request.resamples; ++b) {
    for (int64_t c = 0; c < request.columns; ++c) {
      long double sum = 0;
      for (int64_t i = 0; i < request.units; ++i) {
        sum += poisson_count(request.words(b, i / 4)[i % 4]) * static_cast<long double>(request.x[i * request.columns + c]);
      }
      request.sums[b * request.columns + c] = static_cast<double>(sum);
    }
  }
}

}  // namespace pope::reference
