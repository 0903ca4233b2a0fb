#pragma once

#include <vector>

#include "kernels/attention/attend.reference.h"
#include "kernels/attention/attention.h"

namespace pope::reference {

template <class T>
void attention(const T* q, const T* k, const T* v, const Segment* segments, T* out, T* log_sum_exp,
               const AttentionShape& shape, T scale) {
  const auto [rows, heads, kv, head, segment_count] = shape;
  for (int64_t s = 0; s < segment_count; ++s) {
    const Segment& segment = segments[s];
    for (int64_t t = segment.start; t < segment.end; ++t) {
      std::vector<int64_t> seen;
      for (int64_t u = segment.prefix_start; u < segment.prefix_end; ++u) seen.push_back(u);
      for (int64_t u = segment.start; u <= t; ++u) seen.push_back(u);
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t row = (t * heads + h) * head, g = h / (heads / kv);
        const T sum = attend(q + row, k + g * head, v + g * head, seen, out + row, head, kv * head, scale);
        if (log_sum_exp) log_sum_exp[h * rows + t] = sum;
      }
    }
  }
}

}  // namespace pope::reference
