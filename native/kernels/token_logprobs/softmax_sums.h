// The running sums from which log-probability and entropy of a softmax row are read, formed in one pass over the
// logits: blocks that stay in the first-level cache, each below its own maximum, merged in double. Online softmax:
// Milakov and Gimelshein, "Online normalizer calculation for softmax" (arXiv 1805.02867), here with a second moment for
// the entropy.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/cpu.h"
#include "kernels/token_logprobs/softmax_block.tiered.h"

namespace pope {

// Logits per block: 32 KiB of floats, which the first-level cache holds. What a block costs beside its logits, a tenth of a
// microsecond, is little beside so many.
constexpr int64_t kSoftmaxBlock = 8192;

constexpr SoftmaxSums kNoSoftmaxSums = {-std::numeric_limits<double>::infinity(), 0, 0};

// Adds the sums of other logits of the same row. A part without any mass (all -inf) changes nothing.
inline void merge(SoftmaxSums& row, const SoftmaxSums& part) {
  if (part.sum == 0) return;
  if (row.sum == 0) {
    row = part;
    return;
  }
  const SoftmaxSums &high = part.max > row.max ? part : row, &low = part.max > row.max ? row : part;
  const double shift = low.max - high.max, factor = std::exp(shift);
  row = {high.max, high.sum + factor * low.sum, high.weighted + factor * (low.weighted + shift * low.sum)};
}

inline double log_sum_exp(const SoftmaxSums& row) { return row.max + std::log(row.sum); }

// log p of a logit; the maximum is subtracted first, because the difference of near numbers is exact.
inline double log_probability(const SoftmaxSums& row, double logit) { return (logit - row.max) - std::log(row.sum); }

// H = log_sum_exp - sum_v p_v z_v, written without the maximum, which would cancel.
inline double entropy(const SoftmaxSums& row) { return std::log(row.sum) - row.weighted / row.sum; }

// Those of active_isa().
const SoftmaxKernels& active_softmax_kernels();

}  // namespace pope
