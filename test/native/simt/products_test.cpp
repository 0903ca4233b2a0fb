// Our own products of matrices on a GPU against sums in double, and against guards around and gaps between rows of c.
#include <vector>

#include "kernel_check.h"
#include "kernels/elementwise/cast.reference.h"
#include "kernels/elementwise/narrow.reference.h"
#include "kernels/matmul/product.cuda.h"
#include "pope.h"

using namespace pope;
using cuda::ProductForm;

namespace {

// rows x columns numbers of a dtype, `gap` elements of NaN behind each row, in a heap block of exact size.
struct Matrix {
  int64_t rows, columns, pitch;
  std::vector<double> values;
  HeapArray<float> floats;
  HeapArray<uint16_t> bits;

  Matrix(int64_t rows_, int64_t columns_, int64_t gap, int32_t dtype, uint64_t seed)
      : rows(rows_),
        columns(columns_),
        pitch(columns_ + gap),
        values(rows_ * columns_),
        floats(dtype == POPE_F32 ? size() : 0),
        bits(dtype == POPE_F32 ? 0 : size()) {
    for (int64_t i = 0; i < rows * columns; ++i) {
      const double value = random_number(i, seed);
      const int64_t at = i / columns * pitch + i % columns;
      if (dtype == POPE_F32) {
        values[i] = floats[at] = static_cast<float>(value);
      } else if (dtype == POPE_F16) {
        bits[at] = reference::narrow_f16(value);
        reference::cast_f16(&bits[at], &values[i], 1);
      } else {
        bits[at] = reference::narrow_bf16(value);
        reference::cast_bf16(&bits[at], &values[i], 1);
      }
    }
  }
  const void* data() const { return floats.count() ? static_cast<const void*>(floats.data()) : bits.data(); }
  double at(int64_t row, int64_t column) const { return values[row * columns + column]; }

 private:
  int64_t size() const { return rows == 0 ? 0 : (rows - 1) * pitch + columns; }
};

void check(cuda::Stream& stream, ProductForm form, int64_t m, int64_t n, int64_t k, int64_t gap, int32_t dtype) {
  const bool a_transposed = form == ProductForm::a_transposed, b_transposed = form == ProductForm::b_transposed;
  const Matrix a(a_transposed ? k : m, a_transposed ? m : k, gap, dtype, 1);
  const Matrix b(b_transposed ? n : k, b_transposed ? k : n, gap, dtype, 2);
  const int64_t c_pitch = n + gap;
  for (const bool accumulate : {false, true}) {
    const auto held = [&](int64_t i) { return accumulate && i % c_pitch < n ? 0.5f : NAN; };
    const HeapArray<float> c((m - 1) * c_pitch + n, held), expected((m - 1) * c_pitch + n, held);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = accumulate ? 0.5 : 0;
        for (int64_t l = 0; l < k; ++l) {
          sum += (a_transposed ? a.at(l, i) : a.at(i, l)) * (b_transposed ? b.at(j, l) : b.at(l, j));
        }
        expected[i * c_pitch + j] = static_cast<float>(sum);
      }
    }
    cuda::product({.form = form, .m = m, .n = n, .k = k, .a = a.data(), .a_pitch = a.pitch, .b = b.data(),
                   .b_pitch = b.pitch, .c = c.data(), .c_pitch = c_pitch, .accumulate = accumulate, .dtype = dtype},
                  stream);
    check_close("product", c, expected, {1e-5, 1e-5});  // NaN stays where no result belongs
  }
}

}  // namespace

void test_products() {
  struct Shape {
    int64_t m, n, k, gap;
  };
  // Nothing to sum, one, primes, whole tiles of 128 x 128 x 32, one more than a tile, rows off the 16-byte boundaries.
  const Shape all[] = {{3, 2, 0, 0},    {1, 1, 1, 0},     {3, 5, 7, 0},    {128, 128, 64, 0},
                       {129, 8, 33, 7}, {16, 136, 40, 8}, {37, 259, 9, 1}, {65, 72, 96, 16}};
  const Shape few[] = {{9, 16, 40, 0}};
  cuda::Stream stream;
  for (const int32_t dtype : {POPE_F32, POPE_F16, POPE_BF16}) {
    for (const ProductForm form : {ProductForm::plain, ProductForm::b_transposed, ProductForm::a_transposed}) {
      if (brief) {
        for (const Shape& s : few) check(stream, form, s.m, s.n, s.k, s.gap, dtype);
      } else {
        for (const Shape& s : all) check(stream, form, s.m, s.n, s.k, s.gap, dtype);
      }
    }
  }
  check(stream, ProductForm::b_transposed, brief ? 1 : 1100, 1, 1, 0, POPE_BF16);  // more than a band of eight tiles
}
