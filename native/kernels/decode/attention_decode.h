// attention_decode: out[r, h] = sum_u softmax_u(scale q[r, h] . keys[u, g]) values[u, g], with g = h / (heads / kv), the
// key-value head that query head h shares, and u over the rows of the cache that row r sees.
//   q, out [rows, heads * head]   keys, values [capacity, kv * head], f32 or, rounded to save half the bytes, 16 bits
//   spans [rows, 4] of (prefix_start, prefix_end, own_start, own_end)
//
// Row r is the newest token of one sequence. It sees the rows [prefix_start, prefix_end) of the cache, which several
// sequences may share (the prompt), and then [own_start, own_end), its own ones up to and with its own key; a row of
// the cache in both ranges counts twice. The rows are independent: none has other bits in another batch. Formula as attention (attention/attention.h); keys and values kept
// from step to step: Pope et al., "Efficiently Scaling Transformer Inference" (2022).
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct DecodeShape {
  int64_t rows, heads, kv, head, capacity;
};

struct CacheSpan {
  int32_t prefix_start, prefix_end, own_start, own_end;
};

// Throws out_of_range naming the first row whose spans leave the cache or that sees nothing.
void check_cache_spans(const CacheSpan* spans, const DecodeShape& shape);

// keys and values of `dtype`: POPE_F32 or POPE_BF16. Throws unsupported for another.
void attention_decode(const float* q, const void* keys, const void* values, int32_t dtype, const CacheSpan* spans,
                      float* out, const DecodeShape& shape, float scale, ThreadPool& pool);

}  // namespace pope
