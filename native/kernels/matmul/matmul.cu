#include "kernels/matmul/matmul.cuda.h"

#include "kernels/column_sums.cuda.h"
#include "kernels/elementwise/rows.cuda.h"
#include "kernels/matmul/product.cuda.h"

namespace pope::cuda {

namespace {

// Every row of c = the bias, to which the product is added.
struct FillWithBias {
  const float* bias;
  float* c;
  int64_t columns;
  template <int n>
  __device__ void at(int64_t row, int64_t j) const {
    store_floats<n>(c + row * columns + j, load_floats<n>(bias + j));
  }
};

}  // namespace

void matmul(const void* a, const void* b, int32_t dtype, const float* bias, float* c, const MatmulShape& shape,
            Stream& stream) {
  const auto [m, n, k, transposed] = shape;
  if (bias) for_rows(m, n, on_boundaries({bias, c}, {n}), FillWithBias{bias, c, n}, stream);
  product({.form = transposed ? ProductForm::b_transposed : ProductForm::plain,
           .m = m,
           .n = n,
           .k = k,
           .a = a,
           .a_pitch = k,
           .b = b,
           .b_pitch = transposed ? k : n,
           .c = c,
           .c_pitch = n,
           .accumulate = bias != nullptr,
           .dtype = dtype},
          stream);
}

// dw [n, k] += dy^T x when transposed, else dw [k, n] += x^T dy: one form, with the factors exchanged.
void matmul_weight_gradient(const void* dy, const void* x, int32_t dtype, float* dw, const MatmulShape& shape,
                            Stream& stream) {
  const auto [m, n, k, transposed] = shape;
  const int64_t rows = transposed ? n : k, columns = transposed ? k : n;
  product({.form = ProductForm::a_transposed,
           .m = rows,
           .n = columns,
           .k = m,
           .a = transposed ? dy : x,
           .a_pitch = rows,
           .b = transposed ? x : dy,
           .b_pitch = columns,
           .c = dw,
           .c_pitch = columns,
           .accumulate = true,
           .dtype = dtype},
          stream);
}

void bias_gradient(const float* dy, float* db, int64_t rows, int64_t width, Stream& stream) {
  add_column_sums(db, rows, width, MatrixElement{dy, width}, stream);
}

}  // namespace pope::cuda
