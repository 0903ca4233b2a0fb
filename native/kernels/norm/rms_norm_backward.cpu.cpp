#include "kernels/norm/rms_norm_backward.h"

#include "core/cpu.h"
#include "kernels/norm/block_sums.h"
#include "kernels/norm/norm.tiered.h"

namespace pope {

namespace {
thread_local Scratch memory;
}

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, int64_t rows,
                       int64_t width, double eps, ThreadPool& pool) {
  const auto kernel = POPE_ACTIVE_TIER(norm_kernels).rms_norm_backward;
  BlockSums weight_sums(memory, dweight, rows, width);
  pool.parallel_for(rows, BlockSums::kRows, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * width;
    kernel(x + first, weight, dy + first, dx + first, weight_sums.start(begin), end - begin, width, eps);
  });
  weight_sums.add_to(dweight, pool);
}

}  // namespace pope
