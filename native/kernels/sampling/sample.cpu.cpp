#include "kernels/sampling/sample.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/scratch.h"
#include "kernels/token_logprobs/softmax_sums.h"

namespace pope {

namespace {

// Logits per block of a row: a draw adds up the blocks, then the logits of one.
constexpr int64_t kDrawBlock = 2048;

thread_local Scratch scaled_memory;
thread_local std::vector<SoftmaxSums> block_memory;
thread_local std::vector<int32_t> candidate_memory;

// One row: the logits times 1 / temperature, and their sums, block by block.
class Row {
 public:
  Row(const float* logits, int64_t index, const SampleSettings& settings)
      : settings_(settings),
        vocab_(settings.vocab),
        logits_(logits),
        scaled_(scaled_memory.floats(vocab_)),
        blocks_(block_memory) {
    const auto scale = static_cast<float>(settings.scale());
    for (int64_t v = 0; v < vocab_; ++v) scaled_[v] = logits[v] * scale;
    const SoftmaxKernels& kernels = active_softmax_kernels();
    blocks_.clear();
    for (int64_t first = 0; first < vocab_; first += kDrawBlock) {
      blocks_.push_back(kernels.sums(scaled_ + first, std::min(kDrawBlock, vocab_ - first)));
      merge(sums_, blocks_.back());
    }
    if (!std::isfinite(sums_.sum) || !std::isfinite(sums_.max) || sums_.sum == 0) throw bad_logits(index);
  }

  float log_prob(int32_t v) const { return static_cast<float>(log_probability(sums_, scaled_[v])); }

  int32_t largest() const { return static_cast<int32_t>(std::max_element(logits_, logits_ + vocab_) - logits_); }

  int32_t draw(double u) {
    if (settings_.top_k == 0 && settings_.top_p == 1) return draw_from_all(u);
    keep_largest();
    return draw_from_kept(u);
  }

 private:
  // Relative to the largest probability of the row.
  double mass(int64_t v) const { return std::exp(static_cast<double>(scaled_[v]) - sums_.max); }

  // Whole blocks are passed by their sums, one is searched.
  int32_t draw_from_all(double u) const {
    const double target = u * sums_.sum;
    double before = 0;
    int64_t last = 0;  // block with any mass
    for (size_t b = 0; b < blocks_.size(); ++b) {
      if (blocks_[b].sum == 0) continue;
      last = static_cast<int64_t>(b);
      const double more = blocks_[b].sum * std::exp(blocks_[b].max - sums_.max);
      if (before + more > target) break;
      before += more;
    }
    const int64_t first = last * kDrawBlock, end = std::min(first + kDrawBlock, vocab_);
    // Rounding may leave the target beyond the end: then the last possible token is the one.
    int64_t drawn = first;
    for (int64_t v = first; v < end; ++v) {
      const double own = mass(v);
      if (own == 0) continue;
      drawn = v;
      before += own;
      if (before > target) break;
    }
    return static_cast<int32_t>(drawn);
  }

  void keep_largest() {
    const auto larger = [this](int32_t a, int32_t b) {
      return logits_[a] > logits_[b] || (logits_[a] == logits_[b] && a < b);
    };
    find_candidates();
    auto& kept = candidate_memory;
    if (settings_.top_k > 0 && settings_.top_k < static_cast<int64_t>(kept.size())) {
      std::nth_element(kept.begin(), kept.begin() + (settings_.top_k - 1), kept.end(), larger);
      kept.resize(static_cast<size_t>(settings_.top_k));
    }
    if (settings_.top_p < 1) {
      std::sort(kept.begin(), kept.end(), larger);
      // With top_k the mass is shared among the tokens that it keeps.
      double total = settings_.top_k > 0 ? 0 : sums_.sum, covered = 0;
      if (settings_.top_k > 0) {
        for (const int32_t v : kept) total += mass(v);
      }
      size_t count = 0;
      while (count < kept.size() && (count == 0 || covered < settings_.top_p * total)) covered += mass(kept[count++]);
      kept.resize(count);
    }
    std::sort(kept.begin(), kept.end());
  }

  // With top_p alone few tokens of a large vocabulary have to be sorted: those less probable than (1 - top_p) / vocab
  // have together less than the mass that may be left out, so none of them is kept. Half of it leaves room for rounding.
  void find_candidates() {
    const bool all = settings_.top_k > 0;
    const double lowest = all ? -std::numeric_limits<double>::infinity()
                              : log_sum_exp(sums_) + std::log((1 - settings_.top_p) / 2 / static_cast<double>(vocab_));
    candidate_memory.clear();
    for (int64_t v = 0; v < vocab_; ++v) {
      if (all || scaled_[v] >= lowest) candidate_memory.push_back(static_cast<int32_t>(v));
    }
  }

  int32_t draw_from_kept(double u) const {
    double total = 0;
    for (const int32_t v : candidate_memory) total += mass(v);
    const double target = u * total;
    double cumulative = 0;
    int32_t drawn = candidate_memory.front();
    for (const int32_t v : candidate_memory) {
      const double own = mass(v);
      if (own == 0) continue;
      drawn = v;
      cumulative += own;
      if (cumulative > target) break;
    }
    return drawn;
  }

  const SampleSettings& settings_;
  const int64_t vocab_;
  const float* const logits_;
  float* const scaled_;
  std::vector<SoftmaxSums>& blocks_;
  SoftmaxSums sums_ = kNoSoftmaxSums;
};

}  // namespace

void sample(const float* logits, const SampleCounter* counters, int32_t* ids, float* log_probs,
            const SampleSettings& settings, ThreadPool& pool) {
  pool.parallel_for(settings.rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      Row row(logits + r * settings.vocab, r, settings);
      ids[r] = settings.temperature == 0 ? row.largest() : row.draw(sample_uniform(counters[r], settings.seed));
      log_probs[r] = row.log_prob(ids[r]);
    }
  });
}

}  // namespace pope
