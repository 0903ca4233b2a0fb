// The definitions, in T, from logits of any dtype.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/elementwise/cast.reference.h"
#include "pope.h"

namespace pope::reference {

template <class T>
std::vector<T> logit_row(const void* logits, int32_t dtype, int64_t row, int64_t vocab) {
  std::vector<T> z(vocab);
  if (dtype == POPE_F32) {
    const float* values = static_cast<const float*>(logits) + row * vocab;
    std::copy(values, values + vocab, z.begin());
  } else {
    const uint16_t* bits = static_cast<const uint16_t*>(logits) + row * vocab;
    dtype == POPE_F16 ? cast_f16(bits, z.data(), vocab) : cast_bf16(bits, z.data(), vocab);
  }
  return z;
}

// log p_v = z_v - max - log sum_u exp(z_u - max)
template <class T>
std::vector<T> log_softmax(std::vector<T> z) {
  T max = z[0];
  for (const T value : z) max = std::max(max, value);
  T sum = 0;
  for (const T value : z) sum += std::exp(value - max);
  for (T& value : z) value = value - max - std::log(sum);
  return z;
}

// H = -sum_v p_v log p_v with 0 log 0 = 0
template <class T>
T entropy(const std::vector<T>& log_p) {
  T sum = 0;
  for (const T value : log_p) {
    if (const T p = std::exp(value); p != 0) sum -= p * value;
  }
  return sum;
}

template <class T>
void token_logprobs(const pope_token_logprobs_args& args) {
  for (int64_t row = 0; row < args.rows; ++row) {
    const std::vector<T> z = logit_row<T>(args.logits, args.dtype, row, args.vocab), log_p = log_softmax(z);
    const auto top = std::max_element(z.begin(), z.end()) - z.begin();
    args.log_probs[row] = static_cast<float>(log_p[args.targets[row]]);
    if (args.entropies) args.entropies[row] = static_cast<float>(entropy(log_p));
    if (args.log_sum_exp) args.log_sum_exp[row] = static_cast<float>(z[top] - log_p[top]);
  }
}

}  // namespace pope::reference
