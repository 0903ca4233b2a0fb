// attention_backward: the gradients of attention (attention.h). With P[t, u] the weight that row t of a query head
// gives to row u, and g = dout[t] . out[t], which is sum_u P[t, u] (dout[t] . v[u]):
//   dv[u] = sum_t P[t, u] dout[t]                     over the rows t that see u, and the query heads that share v
//   dS[t, u] = scale P[t, u] (dout[t] . v[u] - g)
//   dq[t] = sum_u dS[t, u] k[u]     dk[u] = sum_t dS[t, u] q[t]
// Arrays are of type T, as in attention.h; all that lies between is float, and rounded as it is written.
// The weights are computed again from q and k, a block of rows at a time: Dao et al., "FlashAttention" (2022),
// appendix B.
//
// Segments whose rows see each other, a prompt and its responses, are a family: no other row reads or feeds theirs. A
// family and a key-value head are the work of one thread, which adds to dk and dv in the order of the segments, query
// heads and rows: no bit depends on the number of threads, nor on other families.
#pragma once

#include "kernels/attention/attention.h"

namespace pope {

template <class T>
struct AttentionInputs {
  const T *q, *k, *v, *out, *dout;
};

template <class T>
struct AttentionGradients {
  T *dq, *dk, *dv;
};

template <class T>
void attention_backward(const AttentionInputs<T>& inputs, const Segment* segments,
                        const AttentionGradients<T>& gradients, const AttentionShape& shape, float scale,
                        ThreadPool& pool);

}  // namespace pope
