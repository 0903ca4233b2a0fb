#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace pope::reference {

// One query row of one head: out = sum_j softmax_j(scale q . k[seen[j]]) v[seen[j]]; returns the log-sum-exp of the
// scores. q, out [head]; k, v begin at the head's first key and value, `stride` elements from one row to the next.
template <class T>
T attend(const T* q, const T* k, const T* v, const std::vector<int64_t>& seen, T* out, int64_t head, int64_t stride,
         T scale) {
  std::vector<T> scores;
  for (const int64_t u : seen) {
    T dot = 0;
    for (int64_t d = 0; d < head; ++d) dot += q[d] * k[u * stride + d];
    scores.push_back(scale * dot);
  }
  T largest = scores[0];
  for (const T score : scores) largest = score > largest ? score : largest;
  T sum = 0;
  for (const T score : scores) sum += std::exp(score - largest);
  for (int64_t d = 0; d < head; ++d) {
    T value = 0;
    for (size_t j = 0; j < seen.size(); ++j) value += std::exp(scores[j] - largest) / sum * v[seen[j] * stride + d];
    out[d] = value;
  }
  return largest + std::log(sum);
}

}  // namespace pope::reference
