// attention: out[t, h] = sum_u softmax_u(scale q[t, h] . k[u, g]) v[u, g], with g = h / (heads / kv), the key-value
// head that query head h shares, and u over the rows that row t sees.
//   q, out [rows, heads * head]   k, v [rows, kv * head]   of type T: float, or uint16_t for bf16
//   segments [segments, 4] of (start, end, prefix_start, prefix_end)
//   log_sum_exp [heads, rows] = log sum_u e^(scale q[t, h] . k[u, g]), not written when nullptr
//
// The segments cut the rows, in order and without gaps. Row t of a segment sees the rows [prefix_start, prefix_end),
// which lie before the segment, and then [start, t]: a prompt is a segment without prefix, a response one whose
// prefix is its prompt. Vaswani et al., "Attention Is All You Need" (2017); grouped heads: Ainslie et al., "GQA"
// (2023).
//
// Keys are taken in the order in which a row sees them, and no sum depends on where they lie: a response has the same
// bits in a packed slate and alone behind its prompt.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct AttentionShape {
  int64_t rows, heads, kv, head, segments;
};

struct Segment {
  int32_t start, end, prefix_start, prefix_end;
};

// Throws out_of_range naming the first segment that breaks the rules above.
void check_segments(const Segment* segments, const AttentionShape& shape);

template <class T>
void attention(const T* q, const T* k, const T* v, const Segment* segments, T* out, float* log_sum_exp,
               const AttentionShape& shape, float scale, ThreadPool& pool);

}  // namespace pope
