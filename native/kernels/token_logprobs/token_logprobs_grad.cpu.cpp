#include "kernels/token_logprobs/token_logprobs.h"

#include <algorithm>
#include <atomic>

#include "kernels/token_logprobs/logit_blocks.h"

namespace pope {

namespace {

// Logits at a time: 16 KiB of them and of their gradients stay in the first-level cache together.
constexpr int64_t kGradientBlock = 4096;

// A result of this size (32 MiB) has left the caches before anybody reads it. Written past them, it costs the time of
// writing, and not that of first reading what it replaces.
constexpr int64_t kStreamedLogits = int64_t{1} << 23;

float logit(const pope_token_logprobs_grad_args& args, int64_t index) {
  float scratch;
  return *read_logits(args.logits, args.dtype, index, 1, &scratch);
}

// Log-probabilities of targets below this, as those of masked tokens, are too coarse as floats for what is made of them.
constexpr float kLeastLogProb = -32;

// Of one row. What forward found leaves nothing to be summed: log p_v = (z_v - z_y) + log p_y.
SoftmaxGradient coefficients_of(const pope_token_logprobs_grad_args& args, const TokenLogProbs& found, int64_t row) {
  const int64_t start = row * args.vocab;
  const float g = args.log_prob_gradient[row], h = args.entropy_gradient ? args.entropy_gradient[row] : 0.0f;
  if (found.log_probs && found.log_probs[row] > kLeastLogProb && (found.entropies || h == 0)) {
    return {
        .max = logit(args, start + args.targets[row]),
        .log_sum = -found.log_probs[row],
        .entropy = found.entropies ? found.entropies[row] : 0.0f,
        .g = g,
        .h = h,
    };
  }
  const SoftmaxSums sums = row_sums(args.logits, args.dtype, start, args.vocab);
  return {
      .max = static_cast<float>(sums.max),
      .log_sum = static_cast<float>(std::log(sums.sum)),
      .entropy = static_cast<float>(entropy(sums)),
      .g = g,
      .h = h,
  };
}

}  // namespace

void token_logprobs_grad(const pope_token_logprobs_grad_args& args, const TokenLogProbs& found, ThreadPool& pool) {
  const SoftmaxKernels& kernels = active_softmax_kernels();
  const bool floats = args.dtype == POPE_F32;
  const bool streamed = floats && args.logits_gradient != args.logits && args.logits_count >= kStreamedLogits;
  pool.parallel_for(args.rows, 1, [&](int64_t begin, int64_t end) {
    float scratch[kGradientBlock], gradient[kGradientBlock];
    for (int64_t row = begin; row < end; ++row) {
      const int64_t start = row * args.vocab;
      const SoftmaxGradient coefficients = coefficients_of(args, found, row);
      for (int64_t v = 0; v < args.vocab; v += kGradientBlock) {
        const int64_t n = std::min(kGradientBlock, args.vocab - v);
        const float* z = read_logits(args.logits, args.dtype, start + v, n, scratch);
        float* out = floats ? static_cast<float*>(args.logits_gradient) + start + v : gradient;
        kernels.gradient(coefficients, z, n, args.targets[row] - v, out, streamed);
        if (!floats) narrow_logits(gradient, args.logits_gradient, args.dtype, start + v, n);
      }
    }
    // Writes past the caches are not ordered before those that tell others of the result.
    if (streamed) std::atomic_thread_fence(std::memory_order_seq_cst);
  });
}

}  // namespace pope
