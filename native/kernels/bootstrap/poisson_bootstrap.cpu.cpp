#include <algorithm>
#include <utility>

#include "core/cpu.h"
#include "kernels/bootstrap/poisson_bootstrap.h"
#include "kernels/bootstrap/poisson_bootstrap.tiered.h"

namespace pope {

namespace {

constexpr int64_t kTogether = kChunksTogether * kChunkUnits;
constexpr int64_t kUnits = 2 * kTogether;  // per block: a few columns of them stay in the first-level cache
constexpr int64_t kGrain = 16;             // resamples that use them there

}  // namespace

void poisson_bootstrap(const PoissonBootstrap& request, ThreadPool& pool) {
  const int64_t units = request.units, columns = request.columns;
  const BootstrapKernels& kernels = POPE_ACTIVE_TIER(bootstrap_kernels);
  pool.parallel_for(request.resamples, kGrain, [&](int64_t begin, int64_t end) {
    alignas(64) double counts[kUnits];
    std::fill(request.sums + begin * columns, request.sums + end * columns, 0.0);
    for (int64_t unit = 0; unit < units; unit += kUnits) {
      const int64_t some = std::min(kUnits, units - unit);
      const int64_t chunks = (some + kTogether - 1) / kTogether * kChunksTogether;
      for (int64_t resample = begin; resample < end; ++resample) {
        kernels.count(request.seed, static_cast<uint64_t>(request.first + resample), unit / kChunkUnits, chunks, counts);
        for (int64_t c = 0; c < columns; ++c) {
          request.sums[resample * columns + c] += kernels.dot(counts, request.x + c * units + unit, some);
        }
      }
    }
  });
}

}  // namespace pope
