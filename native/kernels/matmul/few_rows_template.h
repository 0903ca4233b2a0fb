// What few_rows.tiered.h declares, for factors of one kind (factors.h). Internal linkage, as all that tiered sources include.
#pragma once

#include "kernels/matmul/factors.h"
#include "kernels/matmul/few_rows.tiered.h"
#include "kernels/transpose.h"

namespace pope {
namespace {

constexpr int64_t kDepth = 8;  // rows of b at a time: so many loads of b for one of c

// Parts of a vector at the edge of c. Not inline, as those of b in factors.h: in every variant below they would be a third of its code.
__attribute__((noinline)) inline Vec load_edge(const float* p, int64_t count) { return load_partial(p, count, 0); }
__attribute__((noinline)) inline void store_edge(float* p, Vec v, int64_t count) { store_partial(p, v, count); }

// The rows of a and c; those beyond the last are the last, again.
template <class T, int kCount>
struct RowsOf {
  const T* a[kCount];
  float* c[kCount];

  explicit RowsOf(const FewRowsOperands<T>& x) {
    for (int i = 0; i < kCount; ++i) {
      const int64_t row = i < x.row_count ? i : x.row_count - 1;
      a[i] = x.a + row * x.a_stride;
      c[i] = x.c + row * x.c_stride;
    }
  }

  void load_sums(int64_t j, int64_t count, Vec (&sums)[kCount]) const {
    for (int i = 0; i < kCount; ++i) sums[i] = count < kLanes ? load_edge(c[i] + j, count) : load(c[i] + j);
  }

  void store_sums(int64_t j, int64_t count, const Vec (&sums)[kCount]) const {
    for (int i = 0; i < kCount; ++i) count < kLanes ? store_edge(c[i] + j, sums[i], count) : store(c[i] + j, sums[i]);
  }
};

template <class Factors>
class FewRows {
  using T = typename Factors::Element;
  static constexpr int64_t kElements = Factors::kElements;

  // sums += the words of a at p, `left` numbers before the end, times those of b
  template <int kCount>
  static void add(const RowsOf<T, kCount>& rows, int64_t p, int64_t left, Vec b, Vec (&sums)[kCount]) {
    for (int i = 0; i < kCount; ++i) {
      sums[i] = Factors::add_product(sums[i], Factors::spread(rows.a[i] + p, left), b);
    }
  }

  template <int kCount>
  static void multiply_rows(const FewRowsOperands<T>& x) {
    const RowsOf<T, kCount> rows(x);
    for (int64_t p = 0; p < x.k; p += kDepth) {
      const T* b = x.b + p * x.b_stride;
      for (int64_t j = 0; j < x.columns; j += kLanes) {
        const int64_t count = x.columns - j < kLanes ? x.columns - j : kLanes;
        Vec sums[kCount];
        rows.load_sums(j, count, sums);
        if (x.k - p >= kDepth && count == kLanes) {
#pragma GCC unroll 8
          for (int64_t q = 0; q < kDepth; q += kElements) {
            const T* at = b + q * x.b_stride + j;
#pragma GCC unroll 2
            for (int64_t r = 0; r < kElements; ++r) __builtin_prefetch(at + (kDepth + r) * x.b_stride);
            add(rows, p + q, kElements, Factors::across(at, x.b_stride, kElements), sums);
          }
        } else {
          const int64_t depth = x.k - p < kDepth ? x.k - p : kDepth;
          for (int64_t q = 0; q < depth; q += kElements) {
            const T* at = b + q * x.b_stride + j;
            const Vec words = count < kLanes ? across_partial<Factors>(at, x.b_stride, depth - q, count)
                                             : Factors::across(at, x.b_stride, depth - q);
            add(rows, p + q, depth - q, words, sums);
          }
        }
        rows.store_sums(j, count, sums);
      }
    }
  }

  template <int kCount>
  static void multiply_rows_transposed(const FewRowsOperands<T>& x) {
    constexpr int64_t kBlock = kLanes * kElements;
    // Numbers of every row of b that are asked for before they are needed, at the end of these rows those of the next.
    constexpr int64_t kAhead = 768 / sizeof(T);
    const RowsOf<T, kCount> rows(x);
    for (int64_t j = 0; j < x.columns; j += kLanes) {
      const int64_t count = x.columns - j < kLanes ? x.columns - j : kLanes;
      const T* b[kLanes];  // those beyond the last column are the last, again
      for (int64_t r = 0; r < kLanes; ++r) b[r] = x.b + (j + (r < count ? r : count - 1)) * x.b_stride;
      Vec sums[kCount], block[kLanes];
      rows.load_sums(j, count, sums);
      int64_t p = 0;
      for (; p + kBlock <= x.k; p += kBlock) {
        const int64_t ahead = p + kAhead < x.k ? p + kAhead : p + kAhead - x.k + kLanes * x.b_stride;
        for (int r = 0; r < kLanes; ++r) {
          __builtin_prefetch(b[r] + ahead);
          block[r] = Factors::vector(b[r] + p);
        }
        transpose(block);
#pragma GCC unroll 16
        for (int q = 0; q < kLanes; ++q) add(rows, p + q * kElements, kElements, block[q], sums);
      }
      if (p < x.k) {
        for (int r = 0; r < kLanes; ++r) block[r] = vector_partial<Factors>(b[r] + p, x.k - p);
        transpose(block);
        for (int64_t q = 0; p < x.k; p += kElements, ++q) add(rows, p, x.k - p, block[q], sums);
      }
      rows.store_sums(j, count, sums);
    }
  }

  static void multiply(const FewRowsOperands<T>& x) {
    if (x.row_count == 1) return multiply_rows<1>(x);
    if (x.row_count == 2) return multiply_rows<2>(x);
    if (x.row_count <= 4) return multiply_rows<4>(x);
    multiply_rows<8>(x);
  }

  static void multiply_transposed(const FewRowsOperands<T>& x) {
    if (x.row_count == 1) return multiply_rows_transposed<1>(x);
    if (x.row_count == 2) return multiply_rows_transposed<2>(x);
    if (x.row_count <= 4) return multiply_rows_transposed<4>(x);
    multiply_rows_transposed<8>(x);
  }

 public:
  static constexpr FewRowsKernels<T> kernels{multiply, multiply_transposed};
};

}  // namespace
}  // namespace pope
