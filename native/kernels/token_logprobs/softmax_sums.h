// The running sums from which log-probability and entropy of a softmax row are read, formed in one pass over the logits:
// blocks that stay in the first-level cache are summed in float, blocks are merged in double (online softmax: Milakov and
// Gimelshein, "Online normalizer calculation for softmax", arXiv 1805.02867, here with a second moment).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace pope {

// Logits per block: 4 KiB of floats.
constexpr int64_t kSoftmaxBlock = 1024;

struct SoftmaxSums {
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;       // sum_v exp(z_v - max)
  double weighted = 0;  // sum_v (z_v - max) exp(z_v - max)

  // Adds sums of other logits of the same row. A part without any mass (all -inf) changes nothing.
  void merge(const SoftmaxSums& part) {
    if (part.sum == 0) return;
    if (part.max > max) {
      const double shift = max - part.max, factor = std::exp(shift);
      // An empty row has max = -inf and sum = 0, whose product with the shift would be NaN.
      weighted = part.weighted + (sum == 0 ? 0 : factor * (weighted + shift * sum));
      sum = part.sum + factor * sum;
      max = part.max;
    } else {
      const double shift = part.max - max, factor = std::exp(shift);
      weighted += factor * (part.weighted + shift * part.sum);
      sum += factor * part.sum;
    }
  }

  double log_sum_exp() const { return max + std::log(sum); }
  // H = log_sum_exp - sum_v p_v z_v, written without the maximum, which would cancel.
  double entropy() const { return std::log(sum) - weighted / sum; }
};

// Sums of z[0..n), n <= kSoftmaxBlock. -inf counts as probability 0; NaN and +inf make the sums NaN.
SoftmaxSums softmax_sums(const float* z, int64_t n);

// out_v = g (1[v = target] - p_v) - h p_v (log p_v + entropy) for one block of a row, p_v = exp(z_v - max - log_sum).
// `target` is relative to the block and may lie outside it. `out` may be `z`.
struct SoftmaxGradient {
  float max, log_sum, entropy;  // of the whole row
  float g, h;                   // dJ/d log_prob, dJ/d entropy
};
void softmax_gradient(const SoftmaxGradient& row, const float* z, int64_t n, int64_t target, float* out);

}  // namespace pope
