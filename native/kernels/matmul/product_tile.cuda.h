// What both own products share: a factor as the kernels see it, and the order of the tiles of c.
#pragma once

#include <cstdint>

#include "cuda/cuda.h"

namespace pope::cuda {

// One factor of a product. `outer` counts its rows or columns in c, `pitch` is the distance of two elements along the
// dimension that is not contiguous in memory. Which one is contiguous, k or the outer one, is a template argument.
template <class T>
struct Factor {
  const T* data;
  int64_t pitch;
  int outer;
};

// The piece of a factor that one thread loads: `width` elements that are contiguous in memory, of which `count` exist.
template <class T>
struct Piece {
  const T* source;
  int outer, k;  // in the tile
  int count;
};

// The i-th piece of the tile of kOuter x kDepth at (outer0, k0).
template <bool kAlongK, int kOuter, int kDepth, int kWidth, class T>
__device__ inline Piece<T> piece_of_tile(const Factor<T>& factor, int i, int outer0, int k0, int k_end) {
  constexpr int row_pieces = (kAlongK ? kDepth : kOuter) / kWidth;
  const int row = i / row_pieces, along = i % row_pieces * kWidth;
  const int outer = kAlongK ? row : along, k = kAlongK ? along : row;
  const int outer_left = factor.outer - (outer0 + outer), k_left = k_end - (k0 + k);
  const int left = kAlongK ? k_left : outer_left;
  const bool inside = (kAlongK ? outer_left : k_left) > 0 && left > 0;
  if (!inside) return {factor.data, outer, k, 0};
  const int64_t offset = kAlongK ? (outer0 + outer) * factor.pitch + (k0 + k) : (k0 + k) * factor.pitch + (outer0 + outer);
  return {factor.data + offset, outer, k, left < kWidth ? left : kWidth};
}

struct TilePosition {
  int row, column;
};

// Tiles are numbered in bands of eight rows of tiles, column by column within a band: the blocks that run together
// then share rows of a and columns of b in the second-level cache.
__device__ inline TilePosition tile_position(int tile, int tile_rows, int tile_columns) {
  constexpr int kBand = 8;
  const int first_row = tile / (kBand * tile_columns) * kBand;
  const int rows = tile_rows - first_row < kBand ? tile_rows - first_row : kBand;
  const int in_band = tile - first_row * tile_columns;
  return {first_row + in_band % rows, in_band / rows};
}

}  // namespace pope::cuda
