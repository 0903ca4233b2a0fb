// poisson_bootstrap: sums over resampled units, from which a caller forms the replicates of any ratio of sums.
//
//     sums[b, c] = sum_i n_bi x[c, i],   n_bi independent, nearly Poisson(1) (poisson_counts.h)
//
// Instead of drawing n units of n with replacement (Efron 1979), every unit is counted by a number of its own: the
// resamples need no index, and a unit's count is a pure function of seed, resample and unit, so a log may be split in
// any way. Chamandy, Muralidharan, Najmi and Naidu, "Estimating uncertainty for massive data streams" (2012); the
// variance of a ratio of sums is that of Efron's up to O(1/n).
//
//   x [columns, units]   sums [resamples, columns], of the resamples first .. first + resamples - 1
#pragma once

#include <cstdint>

#include "core/thread_pool.h"
#include "kernels/bootstrap/poisson_counts.h"
#include "kernels/host_device.h"
#include "kernels/random.h"

namespace pope {

struct PoissonBootstrap {
  const double* x;
  double* sums;
  int64_t units, columns, resamples, first;
  uint64_t seed;

  // Of a block of eight units: philox(counter = (block as two words, resample as two words), key = seed).
  POPE_HOST_DEVICE PhiloxWords words(int64_t resample, int64_t block) const {
    const auto b = static_cast<uint64_t>(first + resample), g = static_cast<uint64_t>(block);
    return philox({{static_cast<uint32_t>(g), static_cast<uint32_t>(g >> 32), static_cast<uint32_t>(b),
                    static_cast<uint32_t>(b >> 32)}},
                  seed);
  }
};

// The count that 16 random bits stand for.
POPE_HOST_DEVICE inline int poisson_count(uint32_t bits) {
  constexpr uint16_t thresholds[] = {POPE_POISSON_THRESHOLDS};
  int count = 0;
  for (const uint16_t threshold : thresholds) count += bits >= threshold;
  return count;
}

void poisson_bootstrap(const PoissonBootstrap& request, ThreadPool& pool);

}  // namespace pope
