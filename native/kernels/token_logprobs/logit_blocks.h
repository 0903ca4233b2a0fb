// Rows of logits of any dtype, read and written as blocks of floats.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/thread_pool.h"
#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/narrow.h"
#include "kernels/token_logprobs/softmax_sums.h"
#include "pope.h"

namespace pope {

// Floats of the logits [index, index + n), in `scratch` unless they are floats already.
inline const float* read_logits(const void* logits, int32_t dtype, int64_t index, int64_t n, float* scratch,
                                ThreadPool& pool) {
  if (dtype == POPE_F32) return static_cast<const float*>(logits) + index;
  const uint16_t* bits = static_cast<const uint16_t*>(logits) + index;
  dtype == POPE_F16 ? cast_f16(bits, scratch, n, pool) : cast_bf16(bits, scratch, n, pool);
  return scratch;
}

// Writes n values as 16-bit floats of `dtype` from logits[index] on.
inline void narrow_logits(const float* values, void* logits, int32_t dtype, int64_t index, int64_t n) {
  uint16_t* bits = static_cast<uint16_t*>(logits) + index;
  dtype == POPE_F16 ? narrow_f16(values, bits, n) : narrow_bf16(values, bits, n);
}

// Sums of the row that starts at `index`.
inline SoftmaxSums row_sums(const void* logits, int32_t dtype, int64_t index, int64_t vocab, ThreadPool& pool) {
  const SoftmaxKernels& kernels = active_softmax_kernels();
  float scratch[kSoftmaxBlock];
  SoftmaxSums row = kNoSoftmaxSums;
  for (int64_t v = 0; v < vocab; v += kSoftmaxBlock) {
    const int64_t n = std::min(kSoftmaxBlock, vocab - v);
    merge(row, kernels.sums(read_logits(logits, dtype, index + v, n, scratch, pool), n));
  }
  return row;
}

}  // namespace pope
