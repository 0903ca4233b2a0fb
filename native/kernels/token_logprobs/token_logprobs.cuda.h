// token_logprobs and its gradient on a GPU: a block per row, arguments as on the CPU with device pointers. A target
// outside of the vocabulary is reported with its row, whose results are NaN.
//
// Forward reads the logits once. The gradient reads a row twice, the second time from the second-level cache, for there
// are no more blocks than multiprocessors; it may be written over the logits.
#pragma once

#include "cuda/stream.h"
#include "pope.h"

namespace pope::cuda {

void token_logprobs(const pope_token_logprobs_args& args, Stream& stream);
void token_logprobs_grad(const pope_token_logprobs_grad_args& args, Stream& stream);

}  // namespace pope::cuda
