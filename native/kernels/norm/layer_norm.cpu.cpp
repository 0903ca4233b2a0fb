#include "kernels/norm/layer_norm.h"

#include "core/cpu.h"
#include "kernels/norm/norm.tiered.h"

namespace pope {

void layer_norm(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                double eps, ThreadPool& pool) {
  constexpr int64_t kGrain = 8;  // rows
  const auto kernel = POPE_ACTIVE_TIER(norm_kernels).layer_norm;
  pool.parallel_for(rows, kGrain, [=](int64_t begin, int64_t end) {
    kernel(x + begin * width, weight, bias, out + begin * width, end - begin, width, eps);
  });
}

}  // namespace pope
