// token_logprobs and its gradient: formulas, shapes and arguments in pope.h.
//
// Forward: one pass over the logits (softmax_sums.h). Gradient: a pass for the sums, unless what forward found is given,
// then one that writes; memory is read row by row, so the second pass finds a row of up to a few hundred thousand logits
// in the cache, and the result may lie in the logits' own memory. Each row is the work of one thread: its bits do not depend on the others.
// The arguments are already checked (native/abi).
#pragma once

#include "core/thread_pool.h"
#include "pope.h"

namespace pope {

void token_logprobs(const pope_token_logprobs_args& args, ThreadPool& pool);

// What forward found of the rows, each nullptr when not known.
struct TokenLogProbs {
  const float *log_probs, *entropies;  // [rows]
};
void token_logprobs_grad(const pope_token_logprobs_grad_args& args, const TokenLogProbs& found, ThreadPool& pool);

}  // namespace pope
