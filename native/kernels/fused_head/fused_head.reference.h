// All logits of a row, then the definitions of token_logprobs.
#pragma once

#include <vector>

#include "kernels/token_logprobs/token_logprobs.reference.h"

namespace pope::reference {

template <class T>
void fused_head(const T* hidden, const T* weight, const int32_t* targets, T scale, T* log_probs, T* entropies,
                T* log_sum_exp, int64_t rows, int64_t width, int64_t vocab) {
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<T> z(vocab, T(0));
    for (int64_t v = 0; v < vocab; ++v) {
      for (int64_t i = 0; i < width; ++i) z[v] += hidden[row * width + i] * weight[v * width + i];
      z[v] *= scale;
    }
    const std::vector<T> log_p = log_softmax(z);
    log_probs[row] = log_p[targets[row]];
    entropies[row] = entropy(log_p);
    log_sum_exp[row] = z[targets[row]] - log_p[targets[row]];
  }
}

}  // namespace pope::reference
