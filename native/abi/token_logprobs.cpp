#include "abi/abi.h"

#ifdef POPE_REFERENCE
#include "kernels/token_logprobs/token_logprobs.reference.h"
#include "kernels/token_logprobs/token_logprobs_grad.reference.h"
#else
#include "kernels/token_logprobs/token_logprobs.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/token_logprobs/token_logprobs.cuda.h"
#endif

namespace pope::abi {

namespace {

// What forward and gradient share: sizes, dtype, logits and targets.
template <class Args>
void check_rows(const Arguments& arguments, const Args& args) {
  arguments.size("rows", args.rows);
  arguments.size("vocab", args.vocab);
  if (args.dtype != POPE_F32 && args.dtype != POPE_F16 && args.dtype != POPE_BF16) {
    arguments.fail(Status::unsupported,
                   "dtype of logits must be 0 (f32), 1 (f16) or 2 (bf16), not " + std::to_string(args.dtype));
  }
  arguments.buffer("logits", args.logits, args.logits_count, checked_product({args.rows, args.vocab}));
  arguments.buffer("targets", args.targets, args.targets_count, args.rows);
  arguments.tokens("targets", args.targets, args.rows, args.vocab);
}

void check(const Arguments& arguments, const pope_token_logprobs_args& args) {
  check_rows(arguments, args);
  arguments.buffer("log_probs", args.log_probs, args.log_probs_count, args.rows);
  arguments.optional_buffer("entropies", args.entropies, args.entropies_count, args.rows);
  arguments.optional_buffer("log_sum_exp", args.log_sum_exp, args.log_sum_exp_count, args.rows);
}

void check_grad(const Arguments& arguments, const pope_token_logprobs_grad_args& args) {
  check_rows(arguments, args);
  arguments.buffer("log_prob_gradient", args.log_prob_gradient, args.log_prob_gradient_count, args.rows);
  arguments.optional_buffer("entropy_gradient", args.entropy_gradient, args.entropy_gradient_count, args.rows);
  arguments.buffer("logits_gradient", args.logits_gradient, args.logits_gradient_count, args.logits_count);
}

#ifdef POPE_REFERENCE
void run(const pope_token_logprobs_args& args, ThreadPool&) { reference::token_logprobs<double>(args); }
void run_grad(const pope_token_logprobs_grad_args& args, ThreadPool&) { reference::token_logprobs_grad<double>(args); }
#else
void run(const pope_token_logprobs_args& args, ThreadPool& pool) { token_logprobs(args, pool); }
void run_grad(const pope_token_logprobs_grad_args& args, ThreadPool& pool) { token_logprobs_grad(args, {}, pool); }
#endif

}  // namespace

const Function<pope_token_logprobs_args> token_logprobs_function{
    "token_logprobs", check, run, POPE_ON_CUDA(cuda::token_logprobs)};
const Function<pope_token_logprobs_grad_args> token_logprobs_grad_function{
    "token_logprobs_grad", check_grad, run_grad, POPE_ON_CUDA(cuda::token_logprobs_grad)};

}  // namespace pope::abi

int32_t pope_token_logprobs(const pope_token_logprobs_args* args) {
  return pope::abi::token_logprobs_function.call(args);
}

int32_t pope_token_logprobs_grad(const pope_token_logprobs_grad_args* args) {
  return pope::abi::token_logprobs_grad_function.call(args);
}
