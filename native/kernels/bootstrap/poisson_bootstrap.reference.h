// Every count by its own words and from the sizes of its distribution, every sum in the order of the units.
#pragma once

#include "kernels/bootstrap/poisson_bootstrap.h"

namespace pope::reference {

inline int poisson_count(uint32_t bits) {
  constexpr uint32_t sizes[] = {24109, 24110, 12055, 4017, 1005, 201, 34, 4, 1};
  int count = 0;
  for (uint32_t end = sizes[0]; bits >= end; end += sizes[count]) ++count;
  return count;
}

inline int count_of(const PoissonBootstrap& request, int64_t resample, int64_t unit) {
  const int64_t q = unit / 128, w = unit % 128 / 32, k = unit % 32 / 8, j = unit % 8;
  const uint32_t word = request.words(resample, 16 * q + 2 * j + k / 2)[w];
  return poisson_count(k % 2 == 0 ? word & 0xffff : word >> 16);
}

inline void poisson_bootstrap(const PoissonBootstrap& request) {
  for (int64_t b = 0; b < request.resamples; ++b) {
    for (int64_t c = 0; c < request.columns; ++c) {
      long double sum = 0;
      for (int64_t i = 0; i < request.units; ++i) {
        sum += count_of(request, b, i) * static_cast<long double>(request.x[c * request.units + i]);
      }
      request.sums[b * request.columns + c] = static_cast<double>(sum);
    }
  }
}

}  // namespace pope::reference
