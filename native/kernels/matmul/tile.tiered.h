// The building blocks of a packed matrix product, one copy per instruction set. A product of a strip of `rows` rows
// and a panel of `columns` columns keeps all its sums in registers. Operands are packed first, so that the loop over
// k reads both front to back; rows and columns beyond the matrix are packed as zeros, so an edge tile is computed
// like any other.
//
// What is packed are words of 32 bits. A word holds a float; or the two bf16 numbers of a pair along k, where the
// instruction set multiplies such pairs.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

// Factors of type T: float, or uint16_t for bf16.
template <class T>
struct TileKernelsOf {
  int64_t rows, columns;
  int64_t elements;  // along k in a word: 1 or 2

  // to[p * width + i] = from[i * stride + p] for i < count, 0 for count <= i < width; p < k. width is a multiple of 4.
  // Packs a strip (rows of a) and a panel of a transposed b. With two elements in a word p counts words; the last is filled
  // up with a zero.
  void (*pack_transposed)(const T* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to);

  // to[p * width + j] = from[p * stride + j] for j < count, 0 for count <= j < width; p < k. Packs a panel of b [k, n].
  void (*pack_plain)(const T* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to);

  // c[i * stride + j] += sum_p strip[p * rows + i] * panel[p * columns + j] for i < row_count, j < column_count, summed
  // in the order of p < words, each product fused into the sum where the instruction set can.
  void (*multiply)(const float* strip, const float* panel, int64_t words, float* c, int64_t stride, int64_t row_count,
                   int64_t column_count);
};

using TileKernels = TileKernelsOf<float>;
using Bf16TileKernels = TileKernelsOf<uint16_t>;

POPE_DECLARE_TIERS(extern const TileKernels tile_kernels;)
POPE_DECLARE_BF16_TIERS(extern const Bf16TileKernels bf16_tile_kernels;)

}  // namespace pope
