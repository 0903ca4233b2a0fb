#pragma once

#include <cmath>
#include <vector>

#include "kernels/decode/attention_decode.h"

namespace pope::reference {

template <class T>
void attention_decode(const T* q, const T* keys, const T* values, const CacheSpan* spans, T* out,
                      const DecodeShape& shape, T scale) {
  const auto [rows, heads, kv, head, capacity] = shape;
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<int64_t> seen;
    for (int64_t u = spans[r].prefix_start; u < spans[r].prefix_end; ++u) seen.push_back(u);
    for (int64_t u = spans[r].own_start; u < spans[r].own_end; ++u) seen.push_back(u);
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t g = h / (heads / kv);
      std::vector<T> scores;
      for (const int64_t u : seen) {
        T dot = 0;
        for (int64_t d = 0; d < head; ++d) dot += q[(r * heads + h) * head + d] * keys[(u * kv + g) * head + d];
        scores.push_back(scale * dot);
      }
      T largest = scores[0];
      for (const T score : scores) largest = score > largest ? score : largest;
      T sum = 0;
      for (const T score : scores) sum += std::exp(score - largest);
      for (int64_t d = 0; d < head; ++d) {
        T value = 0;
        for (size_t j = 0; j < seen.size(); ++j) {
          value += std::exp(scores[j] - largest) / sum * values[(seen[j] * kv + g) * head + d];
        }
        out[(r * heads + h) * head + d] = value;
      }
    }
  }
}

}  // namespace pope::reference
