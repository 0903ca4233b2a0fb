// The building blocks of a packed matrix product, one copy per instruction set. A product of a strip of `rows` rows
// and a panel of `columns` columns keeps all its sums in registers. Operands are packed first, so that the loop over
// k reads both front to back; rows and columns beyond the matrix are packed as zeros, so an edge tile is computed
// like any other.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct TileKernels {
  int64_t rows, columns;

  // to[p * width + i] = from[i * stride + p] for i < count, 0 for count <= i < width; p < k. width is a multiple of 4.
  // Packs a strip (rows of a) and a panel of a transposed b.
  void (*pack_transposed)(const float* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to);

  // to[p * width + j] = from[p * stride + j] for j < count, 0 for count <= j < width; p < k. Packs a panel of b [k, n].
  void (*pack_plain)(const float* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to);

  // c[i * stride + j] += sum_p strip[p * rows + i] * panel[p * columns + j] for i < row_count, j < column_count, summed
  // in the order of p, each product fused into the sum where the instruction set can.
  void (*multiply)(const float* strip, const float* panel, int64_t k, float* c, int64_t stride, int64_t row_count,
                   int64_t column_count);
};

POPE_DECLARE_TIERS(extern const TileKernels tile_kernels;)

}  // namespace pope
