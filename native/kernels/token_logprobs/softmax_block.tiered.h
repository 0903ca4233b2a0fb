// The loops over the logits of one block of a softmax row, one copy per instruction set.
#pragma once

#include <stdint.h>

namespace pope {

// Sums over some logits of a row, from which its log-sum-exp and entropy are read.
struct SoftmaxSums {
  double max;
  double sum;       // sum_v exp(z_v - max)
  double weighted;  // sum_v (z_v - max) exp(z_v - max)
};

struct SoftmaxGradient {
  float max, log_sum, entropy;  // of the whole row
  float g, h;                   // dJ/d log_prob, dJ/d entropy
};

struct SoftmaxKernels {
  // Of z[0..n), exponentials in float, sums of many in double. -inf counts as probability 0; NaN and +inf make the sums NaN.
  SoftmaxSums (*sums)(const float* z, int64_t n);

  // out_v = g (1[v = target] - p_v) - h p_v (log p_v + entropy), p_v = exp(z_v - max - log_sum). `target` counts from
  // the block's first logit and may lie outside of it. `out` may be `z`, unless the result is `streamed`, past the caches.
  void (*gradient)(const SoftmaxGradient& row, const float* z, int64_t n, int64_t target, float* out, bool streamed);
};

namespace baseline {
extern const SoftmaxKernels softmax_kernels;
}
namespace avx2 {
extern const SoftmaxKernels softmax_kernels;
}
namespace avx512 {
extern const SoftmaxKernels softmax_kernels;
}

}  // namespace pope
