#include "kernels/token_logprobs/token_logprobs.cuda.h"

#include "kernels/token_logprobs/row_sums.cuda.h"
#include "kernels/token_logprobs/targets.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 512;

template <class T>
__global__ void __launch_bounds__(kThreads) token_logprobs_kernel(
    const T* logits, const int32_t* targets, float* log_probs, float* entropies, float* log_sum_exps, int64_t rows,
    int64_t vocab, RefusalWord* refusals) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* z = logits + row * vocab;
    const RowSums sums = row_sums<kThreads, true>(z, vocab);
    if (threadIdx.x != 0) continue;
    const int32_t target = targets[row];
    const bool valid = require_target(target, row, vocab, refusals);
    log_probs[row] = valid ? log_probability(sums, to_float(z[target])) : NAN;
    if (entropies) entropies[row] = valid ? entropy(sums) : NAN;
    if (log_sum_exps) log_sum_exps[row] = valid ? log_sum_exp(sums) : NAN;
  }
}

template <class T>
void launch(const pope_token_logprobs_args& args, Stream& stream) {
  POPE_LAUNCH(token_logprobs_kernel<T>, blocks_of_rows(args.rows), kThreads, 0, stream.handle(),
              static_cast<const T*>(args.logits), args.targets, args.log_probs, args.entropies, args.log_sum_exp,
              args.rows, args.vocab, stream.refusals(describe_target("token_logprobs", args.vocab)));
}

}  // namespace

void token_logprobs(const pope_token_logprobs_args& args, Stream& stream) {
  if (args.rows == 0) return;
  if (args.dtype == POPE_F32) return launch<float>(args, stream);
  if (args.dtype == POPE_F16) return launch<f16>(args, stream);
  launch<bf16>(args, stream);
}

}  // namespace pope::cuda
