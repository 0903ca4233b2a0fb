#pragma once

#include <vector>

#include "kernels/attention/attend.reference.h"
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
      const int64_t row = (r * heads + h) * head, g = h / (heads / kv);
      attend(q + row, keys + g * head, values + g * head, seen, out + row, head, kv * head, scale);
    }
  }
}

}  // namespace pope::reference
