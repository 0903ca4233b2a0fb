#include "abi/abi.h"
#include "kernels/op.h"
#ifndef POPE_REFERENCE
#include "kernels/token_logprobs/token_logprobs.h"
#endif

namespace pope {

namespace {

// The logits have two or four bytes per element, so their count is checked in bytes.
template <class Args>
void bind_rows(const OpCall& call, Args& args) {
  args.rows = call.size(0);
  args.vocab = call.size(1);
  args.dtype = static_cast<int32_t>(call.dim(2));
  args.logits_count = checked_product({args.rows, args.vocab});
  args.targets = call.input<int32_t>(1, args.rows);
  args.targets_count = args.rows;
}

const void* logits(const OpCall& call, int32_t dtype, int64_t count) {
  return dtype == POPE_F32 ? static_cast<const void*>(call.input<float>(0, count)) : call.input<uint16_t>(0, count);
}

}  // namespace

Work prepare_token_logprobs(const OpCall& call) {
  pope_token_logprobs_args args{};
  bind_rows(call, args);
  args.logits = logits(call, args.dtype, args.logits_count);
  args.log_probs = call.output<float>(0, args.rows);
  args.log_probs_count = args.rows;
  args.entropies = call.optional_output<float>(1, args.rows);
  args.entropies_count = args.entropies ? args.rows : 0;
  args.log_sum_exp = call.optional_output<float>(2, args.rows);
  args.log_sum_exp_count = args.log_sum_exp ? args.rows : 0;
  return abi::token_logprobs_function.work(args);
}

Work prepare_token_logprobs_grad(const OpCall& call) {
  pope_token_logprobs_grad_args args{};
  bind_rows(call, args);
  args.logits = logits(call, args.dtype, args.logits_count);
  args.log_prob_gradient = call.input<float>(2, args.rows);
  args.log_prob_gradient_count = args.rows;
  args.entropy_gradient = call.optional_input<float>(3, args.rows);
  args.entropy_gradient_count = args.entropy_gradient ? args.rows : 0;
  args.logits_gradient = args.dtype == POPE_F32 ? static_cast<void*>(call.output<float>(0, args.logits_count))
                                                : call.output<uint16_t>(0, args.logits_count);
  args.logits_gradient_count = args.logits_count;
#ifdef POPE_REFERENCE
  return abi::token_logprobs_grad_function.work(args);
#else
  const TokenLogProbs found{call.optional_input<float>(4, args.rows), call.optional_input<float>(5, args.rows)};
  const auto run = [found](const pope_token_logprobs_grad_args& checked, ThreadPool& pool) {
    token_logprobs_grad(checked, found, pool);
  };
  return abi::token_logprobs_grad_function.work(args, run);
#endif
}

}  // namespace pope
