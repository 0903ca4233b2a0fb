#include "kernels/decode/attention_decode.h"

#include <algorithm>
#include <bit>

#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/attention/softmax.tiered.h"
#include "kernels/factor_type.h"
#include "kernels/matmul/tile.tiered.h"

namespace pope {

namespace {

thread_local Scratch query_memory, panel_memory, score_memory, weight_memory, widened_memory;

// Floats [count, width] in memory.
struct Rows {
  const float* data;
  int64_t stride;
};

// `count` rows of `width` numbers of the cache.
Rows rows_of(const float* from, int64_t stride, int64_t, int64_t) { return {from, stride}; }
Rows rows_of(const uint16_t* from, int64_t stride, int64_t count, int64_t width) {  // bf16: the upper half of a float
  float* const to = widened_memory.floats(count * width);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      to[i * width + j] = std::bit_cast<float>(static_cast<uint32_t>(from[i * stride + j]) << 16);
    }
  }
  return {to, width};
}

// Some query heads of one row, which share a key-value head: the rows of packed products, as in matmul. The rows of the
// cache that they see are numbered from 0: the prefix, then the row's own.
template <class T>
class HeadsAttention {
 public:
  HeadsAttention(const TileKernels& tile, const DecodeShape& shape, const CacheSpan& span)
      : tile_(tile),
        head_(shape.head),
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
      const Rows rows = rows_of(keys + u * stride_, stride_, width, head_);
      tile_.pack_transposed(rows.data, rows.stride, width, head_, tile_.columns, panel);
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
      pack(values + span_.prefix_start * stride_ + d, prefix_, width, panel);
      pack(values + span_.own_start * stride_ + d, seen_ - prefix_, width, panel + prefix_ * tile_.columns);
      tile_.multiply(weights, panel, seen_, out + d, head_, heads, width);
    }
  }

  void pack(const T* values, int64_t count, int64_t width, float* panel) const {
    const Rows rows = rows_of(values, stride_, count, width);
    tile_.pack_plain(rows.data, rows.stride, width, count, tile_.columns, panel);
  }

  static constexpr int64_t kMaximumRows = 16;  // of a tile

  const TileKernels& tile_;
  const int64_t head_, stride_;
  const CacheSpan& span_;
  const int64_t prefix_, seen_;
};

template <class T>
void decode(const float* q, const T* keys, const T* values, const CacheSpan* spans, float* out,
            const DecodeShape& shape, float scale, ThreadPool& pool) {
  const TileKernels& tile = POPE_ACTIVE_TIER(tile_kernels);
  ExponentiateScores* exponentiate = POPE_ACTIVE_TIER(exponentiate_scores);
  const int64_t head = shape.head, group = shape.heads / shape.kv;
  pool.parallel_for(shape.rows * shape.kv, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t r = task / shape.kv, g = task % shape.kv;
      const HeadsAttention<T> attention(tile, shape, spans[r]);
      for (int64_t h = g * group; h < (g + 1) * group; h += tile.rows) {
        const int64_t first = (r * shape.heads + h) * head, heads = std::min(tile.rows, (g + 1) * group - h);
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
