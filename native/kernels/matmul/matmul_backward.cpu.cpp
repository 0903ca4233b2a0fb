#include "kernels/matmul/matmul_backward.h"

#include "kernels/column_sums.h"

namespace pope {

void matmul_weight_gradient(const float* dy, const float* x, float* dw, const MatmulShape& shape, ThreadPool& pool) {
  const auto [m, n, k, transposed] = shape;
  if (transposed) {
    add_transposed_product(dy, x, dw, n, k, m, pool);
  } else {
    add_transposed_product(x, dy, dw, k, n, m, pool);
  }
}

void bias_gradient(const float* dy, float* db, int64_t rows, int64_t width, ThreadPool& pool) {
  add_column_sums(db, rows, width, [=](int64_t i, int64_t j) { return dy[i * width + j]; }, pool);
}

}  // namespace pope
