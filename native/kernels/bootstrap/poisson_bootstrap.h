// poisson_bootstrap: sums over resampled units, from which a caller forms the replicates of any ratio of sums.
//
//     sums[b, c] = sum_i n_bi x[i, c],   n_bi ~ Poisson(1), independent
//
// Instead of drawing n units of n with replacement (Efron 1979), every unit is counted by a Poisson number of its own:
// the resamples need no index, and a unit's count is a pure function of seed, resample and unit, so a log may be split in
// any way. Chamandy, Muralidharan, Najmi and Naidu, "Estimating uncertainty for massive data streams" (2012); the
// variance of a ratio of sums is that of Efron's up to O(1/n).
//
// The count of unit i in resample b is poisson_count of word i % 4 of philox(counter = (i / 4 as two words, b as two
// words), key = seed) (random.h).
//   x [units, columns]   sums [resamples, columns], of the resamples first .. first + resamples - 1
#pragma once

#include <cstdint>

#include "core/thread_pool.h"
#include "kernels/host_device.h"
#include "kernels/random.h"

namespace pope {

struct PoissonBootstrap {
  const double* x;
  double* sums;
  int64_t units, columns, resamples, first;
  uint64_t seed;

  // The words of the units 4 group to 4 group + 3.
  POPE_HOST_DEVICE PhiloxWords words(int64_t resample, int64_t group) const {
    const auto b = static_cast<uint64_t>(first + resample), g = static_cast<uint64_t>(group);
    return philox({{static_cast<uint32_t>(g), static_cast<uint32_t>(g >> 32), static_cast<uint32_t>(b),
                    static_cast<uint32_t>(b >> 32)}},
                  seed);
  }
};

// How many of the thresholds floor(2^32 sum_{j <= k} e^-1 / j!), k = 0 .. 12, are at most `word`. More than 13 has a
// probability of 1e-11 and counts as 13.
POPE_HOST_DEVICE inline int poisson_count(uint32_t word) {
  constexpr uint32_t thresholds[] = {1580030168, 3160060337, 3950075421, 4213413783, 4279248373, 4292415291, 4294609777,
                                     4294923276, 4294962463, 4294966817, 4294967252, 4294967292, 4294967295};
  int count = 0;
  for (const uint32_t threshold : thresholds) count += word >= threshold;
  return count;
}

void poisson_bootstrap(const PoissonBootstrap& request, ThreadPool& pool);

}  // namespace pope
