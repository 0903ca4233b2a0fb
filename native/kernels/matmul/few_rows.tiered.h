// The product of a few rows with a matrix, one copy per instruction set. It takes the time of reading the matrix once, so
// nothing is packed.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

constexpr int64_t kFewRows = 8;

struct FewRowsOperands {
  const float* a;  // rows [row_count, k], row_count <= kFewRows
  int64_t a_stride, row_count, k;
  const float* b;  // of the product's first column: [k, columns], or [columns, k] when transposed
  int64_t b_stride, columns;
  float* c;  // [row_count, columns]
  int64_t c_stride;
};

struct FewRowsKernels {
  // c_ij += sum_p a_ip b_pj, summed in the order of p as TileKernels::multiply does, to the same bits.
  void (*multiply)(const FewRowsOperands&);
  void (*multiply_transposed)(const FewRowsOperands&);
};

POPE_DECLARE_TIERS(extern const FewRowsKernels few_rows_kernels;)

}  // namespace pope
