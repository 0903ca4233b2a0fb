#include "kernels/matmul/few_rows.tiered.h"

#include "kernels/transpose.h"

namespace pope::POPE_ISA {

namespace {

constexpr int64_t kDepth = 8;  // rows of b at a time: so many loads of b for one of c

// The rows of a and c; those beyond the last are the last, again.
template <int kRows>
struct Rows {
  const float* a[kRows];
  float* c[kRows];

  explicit Rows(const FewRowsOperands& x) {
    for (int i = 0; i < kRows; ++i) {
      const int64_t row = i < x.row_count ? i : x.row_count - 1;
      a[i] = x.a + row * x.a_stride;
      c[i] = x.c + row * x.c_stride;
    }
  }

  void load_sums(int64_t j, int64_t count, Vec (&sums)[kRows]) const {
    for (int i = 0; i < kRows; ++i) sums[i] = count < kLanes ? load_partial(c[i] + j, count, 0) : load(c[i] + j);
  }

  void store_sums(int64_t j, int64_t count, const Vec (&sums)[kRows]) const {
    for (int i = 0; i < kRows; ++i) count < kLanes ? store_partial(c[i] + j, sums[i], count) : store(c[i] + j, sums[i]);
  }
};

template <int kRows>
void multiply_rows(const FewRowsOperands& x) {
  const Rows<kRows> rows(x);
  for (int64_t p = 0; p < x.k; p += kDepth) {
    const float* b = x.b + p * x.b_stride;
    const int64_t depth = x.k - p < kDepth ? x.k - p : kDepth;
    for (int64_t j = 0; j < x.columns; j += kLanes) {
      const int64_t count = x.columns - j < kLanes ? x.columns - j : kLanes;
      Vec sums[kRows];
      rows.load_sums(j, count, sums);
      const auto add = [&](int64_t q, Vec v) {
        for (int i = 0; i < kRows; ++i) sums[i] += rows.a[i][p + q] * v;
      };
      if (depth == kDepth && count == kLanes) {
#pragma GCC unroll 8
        for (int64_t q = 0; q < kDepth; ++q) {
          __builtin_prefetch(b + (kDepth + q) * x.b_stride + j);
          add(q, load(b + q * x.b_stride + j));
        }
      } else {
        for (int64_t q = 0; q < depth; ++q) {
          const float* at = b + q * x.b_stride + j;
          add(q, count < kLanes ? load_partial(at, count, 0) : load(at));
        }
      }
      rows.store_sums(j, count, sums);
    }
  }
}

template <int kRows>
void multiply_rows_transposed(const FewRowsOperands& x) {
  constexpr int64_t kAhead = 4 * kLanes;  // floats of every row of b that are asked for before they are needed
  const Rows<kRows> rows(x);
  for (int64_t j = 0; j < x.columns; j += kLanes) {
    const int64_t count = x.columns - j < kLanes ? x.columns - j : kLanes;
    const float* b[kLanes];  // those beyond the last column are the last, again
    for (int64_t r = 0; r < kLanes; ++r) b[r] = x.b + (j + (r < count ? r : count - 1)) * x.b_stride;
    Vec sums[kRows], block[kLanes];
    rows.load_sums(j, count, sums);
    int64_t p = 0;
    for (; p + kLanes <= x.k; p += kLanes) {
      for (int r = 0; r < kLanes; ++r) {
        __builtin_prefetch(b[r] + p + kAhead);
        block[r] = load(b[r] + p);
      }
      transpose(block);
#pragma GCC unroll 16
      for (int q = 0; q < kLanes; ++q) {
        for (int i = 0; i < kRows; ++i) sums[i] += rows.a[i][p + q] * block[q];
      }
    }
    if (p < x.k) {
      for (int r = 0; r < kLanes; ++r) block[r] = load_partial(b[r] + p, x.k - p, 0);
      transpose(block);
      for (int64_t q = 0; q < x.k - p; ++q) {
        for (int i = 0; i < kRows; ++i) sums[i] += rows.a[i][p + q] * block[q];
      }
    }
    rows.store_sums(j, count, sums);
  }
}

void multiply(const FewRowsOperands& x) {
  if (x.row_count == 1) return multiply_rows<1>(x);
  if (x.row_count == 2) return multiply_rows<2>(x);
  if (x.row_count <= 4) return multiply_rows<4>(x);
  multiply_rows<8>(x);
}

void multiply_transposed(const FewRowsOperands& x) {
  if (x.row_count == 1) return multiply_rows_transposed<1>(x);
  if (x.row_count == 2) return multiply_rows_transposed<2>(x);
  if (x.row_count <= 4) return multiply_rows_transposed<4>(x);
  multiply_rows_transposed<8>(x);
}

}  // namespace

extern const FewRowsKernels few_rows_kernels;
const FewRowsKernels few_rows_kernels = {multiply, multiply_transposed};

}  // namespace pope::POPE_ISA
