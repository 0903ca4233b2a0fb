#include "kernels/norm/layer_norm_backward.h"

#include "core/cpu.h"
#include "kernels/norm/block_sums.h"
#include "kernels/norm/norm.tiered.h"

namespace pope {

namespace {
thread_local Scratch weight_memory, bias_memory;
}

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, float* dbias,
                         int64_t rows, int64_t width, double eps, ThreadPool& pool) {
  const auto kernel = POPE_ACTIVE_TIER(norm_kernels).layer_norm_backward;
  BlockSums weight_sums(weight_memory, dweight, rows, width), bias_sums(bias_memory, dbias, rows, width);
  pool.parallel_for(rows, BlockSums::kRows, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * width;
    kernel(x + first, weight, dy + first, dx + first, weight_sums.start(begin), bias_sums.start(begin), end - begin, width,
           eps);
  });
  weight_sums.add_to(dweight, pool);
  bias_sums.add_to(dbias, pool);
}

}  // namespace pope
