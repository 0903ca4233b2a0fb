// The loops of attention_decode over the rows of the cache, one copy per instruction set.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct DecodeKernels {
  // scores[u] = q[0..head) . keys[u * stride + 0..head) for u < count
  void (*scores)(const float* q, const float* keys, int64_t stride, int64_t count, int64_t head, float* scores);

  // out[d] += sum_u weights[u] values[u * stride + d] for d < head, summed in the order of u
  void (*mix)(const float* weights, const float* values, int64_t stride, int64_t count, int64_t head, float* out);
};

POPE_DECLARE_TIERS(extern const DecodeKernels decode_kernels;)

}  // namespace pope
