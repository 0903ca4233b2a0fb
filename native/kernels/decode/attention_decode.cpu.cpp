#include "kernels/decode/attention_decode.h"

#include <algorithm>

#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/attention/element_types.h"
#include "kernels/attention/softmax.tiered.h"
#include "kernels/factor_type.h"

namespace pope {

namespace {

thread_local Scratch query_memory, panel_memory, score_memory, weight_memory;

// Some query heads of one row, which share a key-value head: the rows of packed products, as in matmul. The rows of the
// cache that they see are numbered from 0: the prefix, then the row's own.
template <class T>
class HeadsAttention {
 public:
  HeadsAttention(const DecodeShape& shape, const CacheSpan& span)
      : head_(shape.head),
        stride_(shape.kv * shape.head),
        span_(span),
        prefix_(span.prefix_end - span.prefix_start),
        seen_(prefix_ + span.own_end - span.own_start) {}

  // q and out [heads, head]; keys and values point to the key-value head's part of row 0. heads <= tile.rows
  void attend(const float* q, const T* keys, const T* values, float* out, int64_t heads, float scale,
              ExponentiateScores* exponentiate) const {
    float* query = query_memory.floats(tile_.rows * head_);
    tile_.pack_transposed(q, head_, heads, head_, tile_.rows, query);
    float* scores = score_memory.floats(heads * seen_);
    std::fill_n(scores, heads * seen_, 0.0f);
    score(query, keys + span_.prefix_start * stride_, prefix_, scores, heads);
    score(query, keys + span_.own_start * stride_, seen_ - prefix_, scores + prefix_, heads);

    float sums[kMaximumRows];
    for (int64_t h = 0; h < heads; ++h) sums[h] = exponentiate(scores + h * seen_, seen_, seen_, scale).sum;
    mix(scores, values, out, heads);
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t d = 0; d < head_; ++d) out[h * head_ + d] /= sums[h];
    }
  }

 private:
  void score(const float* query, const T* keys, int64_t count, float* scores, int64_t heads) const {
    float* panel = panel_memory.floats(tile_.columns * head_);
    for (int64_t u = 0; u < count; u += tile_.columns) {
      const int64_t width = std::min(tile_.columns, count - u);
      cache_.pack_transposed(keys + u * stride_, stride_, width, head_, tile_.columns, panel);
      tile_.multiply(query, panel, head_, scores + u, seen_, heads, width);
    }
  }

  void mix(const float* scores, const T* values, float* out, int64_t heads) const {
    float* weights = weight_memory.floats(tile_.rows * seen_);
    tile_.pack_transposed(scores, seen_, heads, seen_, tile_.rows, weights);
    std::fill_n(out, heads * head_, 0.0f);
    float* panel = panel_memory.floats(seen_ * tile_.columns);
    for (int64_t d = 0; d < head_; d += tile_.columns) {
      const int64_t width = std::min(tile_.columns, head_ - d);
      cache_.pack_plain(values + span_.prefix_start * stride_ + d, stride_, width, prefix_, tile_.columns, panel);
      cache_.pack_plain(values + span_.own_start * stride_ + d, stride_, width, seen_ - prefix_, tile_.columns,
                        panel + prefix_ * tile_.columns);
      tile_.multiply(weights, panel, seen_, out + d, head_, heads, width);
    }
  }

  static constexpr int64_t kMaximumRows = 16;  // of a tile

  const TileKernels& tile_ = widening_tile<float>();
  const TileKernelsOf<T>& cache_ = widening_tile<T>();
  const int64_t head_, stride_;
  const CacheSpan& span_;
  const int64_t prefix_, seen_;
};

template <class T>
void decode(const float* q, const T* keys, const T* values, const CacheSpan* spans, float* out,
            const DecodeShape& shape, float scale, ThreadPool& pool) {
  const int64_t strip = widening_tile<float>().rows;
  ExponentiateScores* exponentiate = POPE_ACTIVE_TIER(exponentiate_scores);
  const int64_t head = shape.head, group = shape.heads / shape.kv;
  pool.parallel_for(shape.rows * shape.kv, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t r = task / shape.kv, g = task % shape.kv;
      const HeadsAttention<T> attention(shape, spans[r]);
      for (int64_t h = g * group; h < (g + 1) * group; h += strip) {
        const int64_t first = (r * shape.heads + h) * head, heads = std::min(strip, (g + 1) * group - h);
        attention.attend(q + first, keys + g * head, values + g * head, out + first, heads, scale, exponentiate);
      }
    }
  });
}

}  // namespace

void attention_decode(const float* q, const void* keys, const void* values, int32_t dtype, const CacheSpan* spans,
                      float* out, const DecodeShape& shape, float scale, ThreadPool& pool) {
  with_factor_type("attention_decode", dtype, [&]<class T>(T) {
    decode(q, static_cast<const T*>(keys), static_cast<const T*>(values), spans, out, shape, scale, pool);
  });
}

}  // namespace pope
