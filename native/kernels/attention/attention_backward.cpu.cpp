#include "kernels/attention/attention_backward.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/attention/element_types.h"
#include "kernels/attention/softmax.tiered.h"
#include "kernels/matmul/matmul.h"

namespace pope {

namespace {

constexpr int64_t kBlockRows = 64;  // rows whose weights are held at once

thread_local Scratch task_memory;

using Family = std::span<const Segment>;

// A family begins at a segment before which no later one has its prefix.
std::vector<Family> cut_into_families(Family segments) {
  std::vector<Family> families;
  size_t end = segments.size();
  int32_t reach = std::numeric_limits<int32_t>::max();
  for (size_t s = end; s-- > 0;) {
    const Segment& segment = segments[s];
    if (segment.prefix_end > segment.prefix_start) reach = std::min(reach, segment.prefix_start);
    if (reach >= segment.start) {
      families.push_back(segments.subspan(s, end - s));
      end = s;
    }
  }
  return families;
}

int64_t prefix_rows(const Segment& segment) { return segment.prefix_end - segment.prefix_start; }
int64_t own_rows(const Segment& segment) { return segment.end - segment.start; }

// The part of one head in rows that hold several: element d of row t is data[t * stride + d].
template <class Element>
struct Head {
  Element* data;
  int64_t stride, width;

  Element* row(int64_t t) const { return data + t * stride; }
};

template <class T>
void gather(const Head<const T>& from, int64_t first, int64_t count, float* to) {
  for (int64_t t = 0; t < count; ++t) copy_numbers(from.row(first + t), to + t * from.width, from.width);
}

template <class T>
void scatter(const float* from, int64_t first, int64_t count, const Head<T>& to) {
  for (int64_t t = 0; t < count; ++t) copy_numbers(from + t * to.width, to.row(first + t), to.width);
}

// One family and one key-value head.
template <class T>
class FamilyBackward {
 public:
  FamilyBackward(Family family, int64_t head, float scale, ThreadPool& pool)
      : family_(family), head_(head), first_(family.front().start), scale_(scale), pool_(pool) {
    const int64_t rows = family.back().end - first_;
    int64_t keys = 0, block = 0;
    for (const Segment& segment : family) {
      keys = std::max(keys, prefix_rows(segment) + own_rows(segment));
      block = std::max(block, std::min(kBlockRows, own_rows(segment)));
    }
    float* memory = task_memory.floats((2 * rows + 4 * keys + 4 * block) * head + 2 * block * keys);
    const auto take = [&memory](int64_t count) { return std::exchange(memory, memory + count); };
    for (float** rows_of_family : {&family_dk_, &family_dv_}) *rows_of_family = take(rows * head);
    for (float** rows_of_keys : {&k_, &v_, &dk_, &dv_}) *rows_of_keys = take(keys * head);
    for (float** rows_of_block : {&q_, &dq_, &out_, &dout_}) *rows_of_block = take(block * head);
    for (float** scores : {&weights_, &dscores_}) *scores = take(block * keys);
    std::fill_n(family_dk_, 2 * rows * head, 0.0f);
  }

  struct QueryHead {
    Head<const T> q, out, dout;
    Head<T> dq;
  };

  void run(const Head<const T>& k, const Head<const T>& v, std::span<const QueryHead> heads, const Head<T>& dk,
           const Head<T>& dv) {
    for (const Segment& segment : family_) {
      const int64_t prefix = prefix_rows(segment), own = own_rows(segment), keys = prefix + own;
      for (const auto& [from, to] : {std::pair{&k, k_}, std::pair{&v, v_}}) {
        gather(*from, segment.prefix_start, prefix, to);
        gather(*from, segment.start, own, to + prefix * head_);
      }
      std::fill_n(dk_, keys * head_, 0.0f);
      std::fill_n(dv_, keys * head_, 0.0f);
      for (const QueryHead& query : heads) {
        for (int64_t row = segment.start; row < segment.end; row += kBlockRows) {
          run_block(query, segment, row, std::min<int64_t>(kBlockRows, segment.end - row));
        }
      }
      for (const auto& [from, to] : {std::pair{dk_, family_dk_}, std::pair{dv_, family_dv_}}) {
        if (prefix > 0) add(from, prefix, to + (segment.prefix_start - first_) * head_);  // else it may start anywhere
        add(from + prefix * head_, own, to + (segment.start - first_) * head_);
      }
    }
    const int64_t rows = family_.back().end - first_;
    scatter(family_dk_, first_, rows, dk);
    scatter(family_dv_, first_, rows, dv);
  }

 private:
  void run_block(const QueryHead& query, const Segment& segment, int64_t row, int64_t count) {
    const int64_t first_sees = prefix_rows(segment) + row - segment.start + 1, keys = first_sees + count - 1;
    gather(query.q, row, count, q_);
    gather(query.out, row, count, out_);
    gather(query.dout, row, count, dout_);
    matmul(q_, k_, nullptr, weights_, {count, keys, head_, true}, pool_);
    matmul(dout_, v_, nullptr, dscores_, {count, keys, head_, true}, pool_);
    for (int64_t i = 0; i < count; ++i) {
      const float *out = out_ + i * head_, *dout = dout_ + i * head_;
      double mean = 0;
      for (int64_t d = 0; d < head_; ++d) mean += static_cast<double>(dout[d]) * out[d];
      differentiate_softmax(weights_ + i * keys, dscores_ + i * keys, first_sees + i, keys, static_cast<float>(mean));
    }
    matmul(dscores_, k_, nullptr, dq_, {count, head_, keys, false}, pool_);
    scatter(dq_, row, count, query.dq);
    add_transposed_product(dscores_, q_, dk_, keys, head_, count, pool_);
    add_transposed_product(weights_, dout_, dv_, keys, head_, count, pool_);
  }

  // From q . k and dout . v of one row to its weights and the gradients of its scores; 0 for keys it does not see.
  void differentiate_softmax(float* weights, float* dscores, int64_t visible, int64_t keys, float mean) const {
    const float inverse = 1.0f / exponentiate_(weights, visible, keys, scale_).sum;
    for (int64_t j = 0; j < visible; ++j) {
      weights[j] *= inverse;
      dscores[j] = scale_ * weights[j] * (dscores[j] - mean);
    }
    std::fill(dscores + visible, dscores + keys, 0.0f);
  }

  void add(const float* from, int64_t rows, float* to) const {
    for (int64_t i = 0; i < rows * head_; ++i) to[i] += from[i];
  }

  const Family family_;
  const int64_t head_, first_;
  const float scale_;
  ThreadPool& pool_;
  ExponentiateScores* const exponentiate_ = POPE_ACTIVE_TIER(exponentiate_scores);
  float *family_dk_, *family_dv_;  // [rows of the family, head]
  float *k_, *v_, *dk_, *dv_;      // [keys of a segment, head]
  float *q_, *dq_, *out_, *dout_;  // [rows of a block, head]
  float *weights_, *dscores_;      // [rows of a block, keys it sees]
};

}  // namespace

template <class T>
void attention_backward(const AttentionInputs<T>& inputs, const Segment* segments,
                        const AttentionGradients<T>& gradients, const AttentionShape& shape, float scale,
                        ThreadPool& pool) {
  const std::vector<Family> families = cut_into_families({segments, static_cast<size_t>(shape.segments)});
  const int64_t head = shape.head, group = shape.heads / shape.kv, wide = shape.heads * head, narrow = shape.kv * head;
  pool.parallel_for(static_cast<int64_t>(families.size()) * shape.kv, 1, [&](int64_t task, int64_t) {
    const int64_t g = task % shape.kv, key = g * head;
    std::vector<typename FamilyBackward<T>::QueryHead> queries;
    for (int64_t query = g * group * head; query < (g + 1) * group * head; query += head) {
      queries.push_back({.q = {inputs.q + query, wide, head},
                         .out = {inputs.out + query, wide, head},
                         .dout = {inputs.dout + query, wide, head},
                         .dq = {gradients.dq + query, wide, head}});
    }
    FamilyBackward<T> family(families[static_cast<size_t>(task / shape.kv)], head, scale, pool);
    family.run({inputs.k + key, narrow, head}, {inputs.v + key, narrow, head}, queries,
               {gradients.dk + key, narrow, head}, {gradients.dv + key, narrow, head});
  });
}

template void attention_backward(const AttentionInputs<float>&, const Segment*, const AttentionGradients<float>&,
                                 const AttentionShape&, float, ThreadPool&);
template void attention_backward(const AttentionInputs<uint16_t>&, const Segment*, const AttentionGradients<uint16_t>&,
                                 const AttentionShape&, float, ThreadPool&);

}  // namespace pope
