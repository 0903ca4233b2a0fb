#pragma once

#include <cmath>
#include <vector>

#include "kernels/attention/attention.h"

namespace pope::reference {

template <class T>
void attention(const T* q, const T* k, const T* v, const Segment* segments, T* out, const AttentionShape& shape,
               T scale) {
  const auto [rows, heads, kv, head, segment_count] = shape;
  for (int64_t s = 0; s < segment_count; ++s) {
    const Segment& segment = segments[s];
    for (int64_t t = segment.start; t < segment.end; ++t) {
      std::vector<int64_t> seen;
      for (int64_t u = segment.prefix_start; u < segment.prefix_end; ++u) seen.push_back(u);
      for (int64_t u = segment.start; u <= t; ++u) seen.push_back(u);
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t g = h / (heads / kv);
        std::vector<T> scores;
        for (const int64_t u : seen) {
          T dot = 0;
          for (int64_t d = 0; d < head; ++d) dot += q[(t * heads + h) * head + d] * k[(u * kv + g) * head + d];
          scores.push_back(scale * dot);
        }
        T largest = scores[0];
        for (const T score : scores) largest = score > largest ? score : largest;
        T sum = 0;
        for (const T score : scores) sum += std::exp(score - largest);
        for (int64_t d = 0; d < head; ++d) {
          T value = 0;
          for (size_t j = 0; j < seen.size(); ++j) {
            value += std::exp(scores[j] - largest) / sum * v[(seen[j] * kv + g) * head + d];
          }
          out[(t * heads + h) * head + d] = value;
        }
      }
    }
  }
}

}  // namespace pope::reference
