#include "kernels/bootstrap/poisson_bootstrap.h"

#include <algorithm>

namespace pope {

namespace {

constexpr int64_t kUnits = 2048;  // per block: a few columns of them stay in the first-level cache, with their counts
constexpr int64_t kGrain = 4;     // resamples per block

// counts[i] of the units [4 group, 4 (group + groups)).
void count(const PoissonBootstrap& request, int64_t resample, int64_t group, int64_t groups, double* counts) {
  for (int64_t g = 0; g < groups; ++g) {
    const PhiloxWords words = request.words(resample, group + g);
    for (int j = 0; j < 4; ++j) counts[4 * g + j] = poisson_count(words[j]);
  }
}

// Adds counts[i] x[i, c] to sums[c].
void add(const double* counts, const double* x, int64_t units, int64_t columns, double* sums) {
  for (int64_t c = 0; c < columns; ++c) {
    double parts[4] = {};  // one would wait for the adder at every unit
    int64_t i = 0;
    for (; i + 4 <= units; i += 4) {
      for (int64_t lane = 0; lane < 4; ++lane) parts[lane] += counts[i + lane] * x[(i + lane) * columns + c];
    }
    for (; i < units; ++i) parts[0] += counts[i] * x[i * columns + c];
    sums[c] += (parts[0] + parts[1]) + (parts[2] + parts[3]);
  }
}

}  // namespace

void poisson_bootstrap(const PoissonBootstrap& request, ThreadPool& pool) {
  const int64_t columns = request.columns;
  pool.parallel_for(request.resamples, kGrain, [&](int64_t begin, int64_t end) {
    double counts[kUnits];
    std::fill(request.sums + begin * columns, request.sums + end * columns, 0.0);
    for (int64_t unit = 0; unit < request.units; unit += kUnits) {
      const int64_t units = std::min(kUnits, request.units - unit);
      for (int64_t resample = begin; resample < end; ++resample) {
        count(request, resample, unit / 4, (units + 3) / 4, counts);
        add(counts, request.x + unit * columns, units, columns, request.sums + resample * columns);
      }
    }
  });
}

}  // namespace pope
