#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/attention/attention.h"

namespace pope::reference {

template <class T>
void attention_backward(const T* q, const T* k, const T* v, const T* dout, const Segment* segments, T* dq, T* dk, T* dv,
                        const AttentionShape& shape, T scale) {
  const auto [rows, heads, kv, head, segment_count] = shape;
  std::fill_n(dq, rows * heads * head, T(0));
  std::fill_n(dk, rows * kv * head, T(0));
  std::fill_n(dv, rows * kv * head, T(0));
  const auto dot = [head = head](const T* a, const T* b) {
    T sum = 0;
    for (int64_t d = 0; d < head; ++d) sum += a[d] * b[d];
    return sum;
  };
  for (int64_t s = 0; s < segment_count; ++s) {
    const Segment& segment = segments[s];
    for (int64_t t = segment.start; t < segment.end; ++t) {
      std::vector<int64_t> seen;
      for (int64_t u = segment.prefix_start; u < segment.prefix_end; ++u) seen.push_back(u);
      for (int64_t u = segment.start; u <= t; ++u) seen.push_back(u);
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t query = (t * heads + h) * head, g = h / (heads / kv);
        std::vector<T> weights;
        for (const int64_t u : seen) weights.push_back(scale * dot(q + query, k + (u * kv + g) * head));
        const T largest = *std::max_element(weights.begin(), weights.end());
        T sum = 0;
        for (T& weight : weights) sum += weight = std::exp(weight - largest);
        T mean = 0;  // of dout . v[u] under the weights
        for (size_t j = 0; j < seen.size(); ++j) {
          weights[j] /= sum;
          mean += weights[j] * dot(dout + query, v + (seen[j] * kv + g) * head);
        }
        for (size_t j = 0; j < seen.size(); ++j) {
          const int64_t key = (seen[j] * kv + g) * head;
          const T dscore = scale * weights[j] * (dot(dout + query, v + key) - mean);
          for (int64_t d = 0; d < head; ++d) {
            dv[key + d] += weights[j] * dout[query + d];
            dq[query + d] += dscore * k[key + d];
            dk[key + d] += dscore * q[query + d];
          }
        }
      }
    }
  }
}

}  // namespace pope::reference
