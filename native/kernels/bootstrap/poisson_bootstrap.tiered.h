// The loops of poisson_bootstrap, one copy per instruction set. All copies give the same bits.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

constexpr int kChunksTogether = 4;

struct BootstrapKernels {
  // counts[i] of the units of the chunks [chunk, chunk + chunks) (poisson_counts.h), a multiple of kChunksTogether.
  void (*count)(uint64_t seed, uint64_t resample, int64_t chunk, int64_t chunks, double* counts);
  // sum_i counts[i] x[i]; products and sums rounded each.
  double (*dot)(const double* counts, const double* x, int64_t units);
};

POPE_DECLARE_TIERS(extern const BootstrapKernels bootstrap_kernels;)

}  // namespace pope
