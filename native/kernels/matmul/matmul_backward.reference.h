// The gradients of matmul's weight and bias, c = a op(b) + bias. That of a is itself a matmul: dc op'(b), with op' the
// other form.
#pragma once

#include <cstdint>

namespace pope::reference {

template <class T>
void matmul_weight_gradient(const T* dy, const T* x, T* dw, int64_t m, int64_t n, int64_t k, bool transposed) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t p = 0; p < k; ++p) dw[transposed ? j * k + p : p * n + j] += dy[i * n + j] * x[i * k + p];
    }
  }
}

template <class T>
void bias_gradient(const T* dy, T* db, int64_t rows, int64_t width) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < width; ++j) db[j] += dy[i * width + j];
  }
}

}  // namespace pope::reference
