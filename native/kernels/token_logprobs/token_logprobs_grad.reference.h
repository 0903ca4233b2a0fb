// dJ/dz_v = g (1[v = y] - p_v) - h p_v (log p_v + H), term by term, in T; rounded once, to the dtype of the logits.
#pragma once

#include <vector>

#include "kernels/elementwise/narrow.reference.h"
#include "kernels/token_logprobs/token_logprobs.reference.h"

namespace pope::reference {

template <class T>
void token_logprobs_grad(const pope_token_logprobs_grad_args& args) {
  for (int64_t row = 0; row < args.rows; ++row) {
    const std::vector<T> log_p = log_softmax(logit_row<T>(args.logits, args.dtype, row, args.vocab));
    const T H = entropy(log_p), g = args.log_prob_gradient[row];
    const T h = args.entropy_gradient ? args.entropy_gradient[row] : 0;
    for (int64_t v = 0; v < args.vocab; ++v) {
      const T p = std::exp(log_p[v]), p_log_p = p == 0 ? T(0) : p * log_p[v];
      const T indicator = v == args.targets[row] ? 1 : 0;
      const T gradient = g * (indicator - p) - h * (p_log_p + p * H);
      const int64_t at = row * args.vocab + v;
      if (args.dtype == POPE_F32) static_cast<float*>(args.logits_gradient)[at] = static_cast<float>(gradient);
      if (args.dtype == POPE_F16) static_cast<uint16_t*>(args.logits_gradient)[at] = narrow_f16(gradient);
      if (args.dtype == POPE_BF16) static_cast<uint16_t*>(args.logits_gradient)[at] = narrow_bf16(gradient);
    }
  }
}

}  // namespace pope::reference
