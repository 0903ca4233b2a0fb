#include "kernels/token_logprobs/token_logprobs.h"

#include "kernels/token_logprobs/logit_blocks.h"

namespace pope {

void token_logprobs(const pope_token_logprobs_args& args, ThreadPool& pool) {
  pool.parallel_for(args.rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t start = row * args.vocab;
      const SoftmaxSums sums = row_sums(args.logits, args.dtype, start, args.vocab);
      float scratch;
      const float target = *read_logits(args.logits, args.dtype, start + args.targets[row], 1, &scratch);
      args.log_probs[row] = static_cast<float>(log_probability(sums, target));
      if (args.entropies) args.entropies[row] = static_cast<float>(entropy(sums));
      if (args.log_sum_exp) args.log_sum_exp[row] = static_cast<float>(log_sum_exp(sums));
    }
  });
}

}  // namespace pope
