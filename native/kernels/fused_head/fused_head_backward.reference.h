// All logits of a row, then the definition of their gradient. log_sum_exp and entropies are formed anew.
#pragma once

#include <vector>

#include "kernels/token_logprobs/token_logprobs.reference.h"

namespace pope::reference {

template <class T>
void fused_head_backward(const T* hidden, const T* weight, const int32_t* targets, const T* dlog_prob,
                         const T* dentropy, T scale, T* dhidden, T* dweight, int64_t rows, int64_t width,
                         int64_t vocab) {
  std::fill_n(dhidden, rows * width, T(0));
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<T> z(vocab, T(0));
    for (int64_t v = 0; v < vocab; ++v) {
      for (int64_t i = 0; i < width; ++i) z[v] += scale * hidden[row * width + i] * weight[v * width + i];
    }
    const std::vector<T> log_p = log_softmax(z);
    const T H = entropy(log_p), g = dlog_prob[row], h = dentropy ? dentropy[row] : T(0);
    for (int64_t v = 0; v < vocab; ++v) {
      const T p = std::exp(log_p[v]), p_log_p = p == 0 ? T(0) : p * log_p[v];
      const T indicator = v == targets[row] ? 1 : 0;
      const T dz = scale * (g * (indicator - p) - h * (p_log_p + p * H));
      for (int64_t i = 0; i < width; ++i) {
        dhidden[row * width + i] += dz * weight[v * width + i];
        if (dweight) dweight[v * width + i] += dz * hidden[row * width + i];
      }
    }
  }
}

}  // namespace pope::reference
