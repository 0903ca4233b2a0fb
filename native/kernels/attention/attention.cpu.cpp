#include <algorithm>
#include <cmath>
#include <vector>

#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/element_types.h"
#include "kernels/attention/softmax.tiered.h"

namespace pope {

namespace {

constexpr int64_t kBlockRows = 128;  // rows of one task, which packs the keys and values that they see once

struct Block {
  Segment segment;
  int64_t first, last;  // rows
};

std::vector<Block> cut_into_blocks(const Segment* segments, int64_t count) {
  std::vector<Block> blocks;
  for (int64_t s = 0; s < count; ++s) {
    for (int64_t first = segments[s].start; first < segments[s].end; first += kBlockRows) {
      blocks.push_back({segments[s], first, std::min<int64_t>(first + kBlockRows, segments[s].end)});
    }
  }
  return blocks;
}

thread_local Scratch key_memory, value_memory, gather_memory, query_memory, score_memory, weight_memory, result_memory;

int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// One block of rows and one key-value head. The keys that the block sees are numbered from 0: the prefix, then the
// segment up to the block's last row. Scores and results of a strip of rows are products of packed tiles, as in matmul;
// all tiles have the same size.
template <class T>
class BlockAttention {
 public:
  BlockAttention(const AttentionShape& shape, const Block& block)
      : shape_(shape),
        block_(block),
        prefix_(block.segment.prefix_end - block.segment.prefix_start),
        keys_(prefix_ + block.last - block.segment.start),
        words_((shape.head + factors_.elements - 1) / factors_.elements) {}

  // k points to the head's part of row 0. key_panels_: [panel of keys][words][tile.columns]
  void pack_keys(const T* k) {
    const int64_t width = tile_.columns, head = shape_.head, stride = shape_.kv * head;
    key_panels_ = key_memory.floats(round_up(keys_, width) * words_);
    T* gathered = reinterpret_cast<T*>(gather_memory.floats(width * head));
    for (int64_t first = 0; first < keys_; first += width) {
      const int64_t count = std::min(width, keys_ - first);
      float* panel = key_panels_ + first * words_;
      if (first >= prefix_ || first + count <= prefix_) {
        factors_.pack_transposed(k + row_of_key(first) * stride, stride, count, head, width, panel);
        continue;
      }
      for (int64_t j = 0; j < count; ++j) std::copy_n(k + row_of_key(first + j) * stride, head, gathered + j * head);
      factors_.pack_transposed(gathered, head, count, head, width, panel);
    }
  }

  // value_panels_: [panel of head columns][keys][tile.columns]
  void pack_values(const T* v) {
    const int64_t width = tile_.columns, head = shape_.head, stride = shape_.kv * head;
    value_panels_ = value_memory.floats(keys_ * round_up(head, width));
    for (int64_t d = 0; d < head; d += width) {
      const int64_t count = std::min(width, head - d);
      float* panel = value_panels_ + d * keys_;
      values_.pack_plain(v + block_.segment.prefix_start * stride + d, stride, count, prefix_, width, panel);
      values_.pack_plain(v + block_.segment.start * stride + d, stride, count, keys_ - prefix_, width,
                         panel + prefix_ * width);
    }
  }

  // q, out and log_sum_exp (or nullptr) point to one query head's part of row 0.
  void attend(const T* q, T* out, float* log_sum_exp, float scale) const {
    for (int64_t row = block_.first; row < block_.last; row += tile_.rows) {
      attend_strip(q, out, log_sum_exp, row, std::min(tile_.rows, block_.last - row), scale);
    }
  }

 private:
  int64_t row_of_key(int64_t key) const {
    return key < prefix_ ? block_.segment.prefix_start + key : block_.segment.start + key - prefix_;
  }

  // The last row of a strip sees most; what the others do not see of that gets the weight 0.
  void attend_strip(const T* q, T* out, float* log_sum_exp, int64_t row, int64_t count, float scale) const {
    const int64_t rows = tile_.rows, width = tile_.columns, head = shape_.head, stride = shape_.heads * head;
    const int64_t first_sees = prefix_ + row - block_.segment.start + 1, limit = first_sees + count - 1;

    float* query = query_memory.floats(rows * words_);
    factors_.pack_transposed(q + row * stride, stride, count, head, rows, query);
    const int64_t score_stride = round_up(limit, width);
    float* scores = score_memory.floats(rows * score_stride);
    std::fill_n(scores, rows * score_stride, 0.0f);
    for (int64_t j = 0; j < limit; j += width) {
      factors_.multiply(query, key_panels_ + j * words_, words_, scores + j, score_stride, rows, width);
    }

    float sums[kMaximumRows];
    for (int64_t i = 0; i < count; ++i) {
      const ScoreSum all = exponentiate_(scores + i * score_stride, first_sees + i, limit, scale);
      sums[i] = all.sum;
      if (log_sum_exp) log_sum_exp[row + i] = all.largest + std::log(all.sum);
    }

    float* weights = weight_memory.floats(rows * limit);
    tile_.pack_transposed(scores, score_stride, count, limit, rows, weights);
    const int64_t result_stride = round_up(head, width);
    float* result = result_memory.floats(rows * result_stride);
    std::fill_n(result, rows * result_stride, 0.0f);
    for (int64_t d = 0; d < head; d += width) {
      tile_.multiply(weights, value_panels_ + d * keys_, limit, result + d, result_stride, rows, width);
    }
    for (int64_t i = 0; i < count; ++i) {
      float* const mean = result + i * result_stride;
      for (int64_t d = 0; d < head; ++d) mean[d] /= sums[i];
      copy_numbers(mean, out + (row + i) * stride, head);
    }
  }

  static constexpr int64_t kMaximumRows = 16;  // of a tile

  const TileKernelsOf<T>&factors_ = factor_tile<T>(), &values_ = widening_tile<T>();
  const TileKernels& tile_ = widening_tile<float>();
  ExponentiateScores* const exponentiate_ = POPE_ACTIVE_TIER(exponentiate_scores);
  const AttentionShape& shape_;
  const Block& block_;
  const int64_t prefix_, keys_;
  const int64_t words_;  // of 32 bits in the packed head of a row
  float* key_panels_ = nullptr;
  float* value_panels_ = nullptr;
};

}  // namespace

template <class T>
void attention(const T* q, const T* k, const T* v, const Segment* segments, T* out, float* log_sum_exp,
               const AttentionShape& shape, float scale, ThreadPool& pool) {
  const std::vector<Block> blocks = cut_into_blocks(segments, shape.segments);
  const int64_t group = shape.heads / shape.kv;
  pool.parallel_for(static_cast<int64_t>(blocks.size()) * shape.kv, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t g = task % shape.kv;
      BlockAttention<T> block(shape, blocks[static_cast<size_t>(task / shape.kv)]);
      block.pack_keys(k + g * shape.head);
      block.pack_values(v + g * shape.head);
      for (int64_t h = g * group; h < (g + 1) * group; ++h) {
        float* const log_sums = log_sum_exp ? log_sum_exp + h * shape.rows : nullptr;
        block.attend(q + h * shape.head, out + h * shape.head, log_sums, scale);
      }
    }
  });
}

template void attention(const float*, const float*, const float*, const Segment*, float*, float*,
                        const AttentionShape&, float, ThreadPool&);
template void attention(const uint16_t*, const uint16_t*, const uint16_t*, const Segment*, uint16_t*, float*,
                        const AttentionShape&, float, ThreadPool&);

}  // namespace pope
