#include "kernels/norm/rms_norm.h"

#include "core/cpu.h"
#include "kernels/norm/norm.tiered.h"

namespace pope {

void rms_norm(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps,
              ThreadPool& pool) {
  constexpr int64_t kGrain = 8;  // rows
  const auto kernel = POPE_ACTIVE_TIER(norm_kernels).rms_norm;
  pool.parallel_for(rows, kGrain, [=](int64_t begin, int64_t end) {
    kernel(x + begin * width, weight, out + begin * width, end - begin, width, eps);
  });
}

}  // namespace pope
