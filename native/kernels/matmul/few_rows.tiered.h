// The product of a few rows with a matrix, one copy per instruction set. It takes the time of reading the matrix once, so
// nothing is packed.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

constexpr int64_t kFewRows = 8;

// Factors of type T: float, or uint16_t for bf16.
template <class T>
struct FewRowsOperands {
  const T* a;  // rows [row_count, k], row_count <= kFewRows
  int64_t a_stride, row_count, k;
  const T* b;  // of the product's first column: [k, columns], or [columns, k] when transposed
  int64_t b_stride, columns;
  float* c;  // [row_count, columns]
  int64_t c_stride;
};

template <class T>
struct FewRowsKernels {
  // c_ij += sum_p a_ip b_pj, summed in the order of p as TileKernelsOf<T>::multiply does, to the same bits.
  void (*multiply)(const FewRowsOperands<T>&);
  void (*multiply_transposed)(const FewRowsOperands<T>&);
};

POPE_DECLARE_TIERS(extern const FewRowsKernels<float> few_rows_kernels;)
POPE_DECLARE_BF16_TIERS(extern const FewRowsKernels<uint16_t> bf16_few_rows_kernels;)

}  // namespace pope
