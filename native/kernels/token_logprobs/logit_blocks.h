// Rows of logits of any dtype, read and written as blocks of floats.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/narrow.h"
#include "kernels/token_logprobs/softmax_sums.h"
#include "pope.h"

namespace pope {

// Floats of the logits [index, index + n), in `scratch` unless they are floats already.
inline const float* read_logits(const void* logits, int32_t dtype, int64_t index, int64_t n, float* scratch) {
  if (dtype == POPE_F32) return static_cast<const float*>(logits) + index;
  cast(static_cast<const uint16_t*>(logits) + index, scratch, n, dtype);
  return scratch;
}

// Writes n values as 16-bit floats of `dtype` from logits[index] on.
inline void narrow_logits(const float* values, void* logits, int32_t dtype, int64_t index, int64_t n) {
  narrow(values, static_cast<uint16_t*>(logits) + index, n, dtype);
}

// Sums of the row that starts at `index`.
inline SoftmaxSums row_sums(const void* logits, int32_t dtype, int64_t index, int64_t vocab) {
  const SoftmaxKernels& kernels = active_softmax_kernels();
  float scratch[kSoftmaxBlock];
  SoftmaxSums row = kNoSoftmaxSums;
  for (int64_t v = 0; v < vocab; v += kSoftmaxBlock) {
    const int64_t n = std::min(kSoftmaxBlock, vocab - v);
    merge(row, kernels.sums(read_logits(logits, dtype, index + v, n, scratch), n));
  }
  return row;
}

}  // namespace pope
