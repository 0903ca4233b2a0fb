#include "kernels/decode/attention_decode.h"

#include <algorithm>

#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/attention/softmax.tiered.h"
#include "kernels/decode/decode.tiered.h"

namespace pope {

namespace {

thread_local Scratch score_memory;

}  // namespace

void attention_decode(const float* q, const float* keys, const float* values, const CacheSpan* spans, float* out,
                      const DecodeShape& shape, float scale, ThreadPool& pool) {
  const DecodeKernels& kernels = POPE_ACTIVE_TIER(decode_kernels);
  ExponentiateScores* exponentiate = POPE_ACTIVE_TIER(exponentiate_scores);
  const int64_t heads = shape.heads, head = shape.head, stride = shape.kv * head, group = heads / shape.kv;
  // The query heads that share a key-value head are one task: its rows of the cache are then read from memory once.
  pool.parallel_for(shape.rows * shape.kv, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t r = task / shape.kv, g = task % shape.kv;
      const CacheSpan& span = spans[r];
      const int64_t prefix = span.prefix_end - span.prefix_start, own = span.own_end - span.own_start;
      const auto rows_of = [&](const float* cache, int64_t first) { return cache + first * stride + g * head; };
      float* scores = score_memory.floats(prefix + own);
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        const float* query = q + (r * heads + h) * head;
        kernels.scores(query, rows_of(keys, span.prefix_start), stride, prefix, head, scores);
        kernels.scores(query, rows_of(keys, span.own_start), stride, own, head, scores + prefix);
        const float sum = exponentiate(scores, prefix + own, prefix + own, scale);
        float* mixed = out + (r * heads + h) * head;
        std::fill_n(mixed, head, 0.0f);
        kernels.mix(scores, rows_of(values, span.prefix_start), stride, prefix, head, mixed);
        kernels.mix(scores + prefix, rows_of(values, span.own_start), stride, own, head, mixed);
        for (int64_t d = 0; d < head; ++d) mixed[d] /= sum;
      }
    }
  });
}

}  // namespace pope
