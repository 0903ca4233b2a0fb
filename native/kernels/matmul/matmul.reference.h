#pragma once

#include <cstdint>

namespace pope::reference {

template <class T>
void matmul(const T* a, const T* b, const T* bias, T* c, int64_t m, int64_t n, int64_t k, bool transposed) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T sum = bias ? bias[j] : T(0);
      for (int64_t p = 0; p < k; ++p) sum += a[i * k + p] * (transposed ? b[j * k + p] : b[p * n + j]);
      c[i * n + j] = sum;
    }
  }
}

}  // namespace pope::reference
