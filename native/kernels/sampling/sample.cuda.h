// sample on a GPU (definition in sample.h): a block of threads per row. The masses of tokens are whole multiples of a power
// of two, at most 2^-44 of the largest one in a vocabulary of 2^18: whole numbers may be added in any order, so the same
// draw comes out whatever the device, and it differs from the CPU's about as often as two roundings of u would.
//
// Which tokens are kept follows from one number, the smallest kept key: keys order tokens by logit, equal ones by id, and
// a radix search finds where their count reaches top_k or their mass top_p. A refused row has id 0 and log-probability
// NaN.
#pragma once

#include "cuda/stream.h"
#include "kernels/sampling/sample.h"

namespace pope::cuda {

void sample(const float* logits, const SampleCounter* counters, int32_t* ids, float* log_probs,
            const SampleSettings& settings, Stream& stream);

}  // namespace pope::cuda
