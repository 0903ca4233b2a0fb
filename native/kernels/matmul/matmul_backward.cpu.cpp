#include "kernels/matmul/matmul_backward.h"

#include "kernels/column_sums.h"

namespace pope {

template <class T>
void matmul_weight_gradient(const T* dy, const T* x, float* dw, const MatmulShape& shape, ThreadPool& pool) {
  const auto [m, n, k, transposed] = shape;
  if (transposed) {
    add_transposed_product(dy, x, dw, n, k, m, pool);
  } else {
    add_transposed_product(x, dy, dw, k, n, m, pool);
  }
}

template void matmul_weight_gradient(const float*, const float*, float*, const MatmulShape&, ThreadPool&);
template void matmul_weight_gradient(const uint16_t*, const uint16_t*, float*, const MatmulShape&, ThreadPool&);

void bias_gradient(const float* dy, float* db, int64_t rows, int64_t width, ThreadPool& pool) {
  add_column_sums(db, rows, width, [=](int64_t i, int64_t j) { return dy[i * width + j]; }, pool);
}

}  // namespace pope
