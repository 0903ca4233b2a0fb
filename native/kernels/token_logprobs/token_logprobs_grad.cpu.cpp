#include "kernels/token_logprobs/logit_blocks.h"
#include "kernels/token_logprobs/token_logprobs.h"

namespace pope {

void token_logprobs_grad(const pope_token_logprobs_grad_args& args, ThreadPool& pool) {
  const SoftmaxKernels& kernels = active_softmax_kernels();
  pool.parallel_for(args.rows, 1, [&](int64_t begin, int64_t end) {
    float scratch[kSoftmaxBlock], gradient[kSoftmaxBlock];
    for (int64_t row = begin; row < end; ++row) {
      const int64_t start = row * args.vocab;
      const SoftmaxSums sums = row_sums(args.logits, args.dtype, start, args.vocab, pool);
      const SoftmaxGradient coefficients{
          .max = static_cast<float>(sums.max),
          .log_sum = static_cast<float>(std::log(sums.sum)),
          .entropy = static_cast<float>(entropy(sums)),
          .g = args.log_prob_gradient[row],
          .h = args.entropy_gradient ? args.entropy_gradient[row] : 0.0f,
      };
      for (int64_t v = 0; v < args.vocab; v += kSoftmaxBlock) {
        const int64_t n = std::min(kSoftmaxBlock, args.vocab - v);
        const float* z = read_logits(args.logits, args.dtype, start + v, n, scratch, pool);
        float* out = args.dtype == POPE_F32 ? static_cast<float*>(args.logits_gradient) + start + v : gradient;
        kernels.gradient(coefficients, z, n, args.targets[row] - v, out);
        if (out == gradient) narrow_logits(gradient, args.logits_gradient, args.dtype, start + v, n);
      }
    }
  });
}

}  // namespace pope
