// Products of f32 matrices (product.cuda.h). A block of 256 threads computes a tile of 128 x 128 of c, each thread four
// pieces of 4 x 4 of it, which keeps its reads of shared memory 16 bytes wide and free of bank conflicts. The next tiles
// of the factors, 8 deep, travel in registers while these are multiplied. Volkov and Demmel, "Benchmarking GPUs to Tune
// Dense Linear Algebra" (2008).
#include "cuda/cuda.h"
#include "kernels/matmul/product.cuda.h"
#include "kernels/matmul/product_tile.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256, kTile = 128, kDepth = 8;
constexpr int kWidth = 4;                // elements of one load: a tile of a factor is one load per thread
constexpr int kPitch = kTile + kWidth;   // the padding keeps the stores of different k in different banks
constexpr int kHalf = kTile / 2;         // a thread's four pieces lie half a tile apart
static_assert(kThreads * kWidth == kTile * kDepth);

template <bool kAlongK, bool kAligned>
__device__ inline Pack<float> load(const Factor<float>& factor, int outer0, int k0, int k_end) {
  const Piece<float> piece =
      piece_of_tile<kAlongK, kTile, kDepth, kWidth>(factor, threadIdx.x, outer0, k0, k_end);
  if (kAligned && piece.count == kWidth) return load_pack(piece.source);
  Pack<float> values{};
#pragma unroll
  for (int j = 0; j < kWidth; ++j) {
    if (j < piece.count) values.at[j] = piece.source[j];
  }
  return values;
}

// Tiles lie as [k][outer], whatever the factor's memory is.
template <bool kAlongK>
__device__ inline void store(float* tile, const Pack<float>& values) {
  constexpr int row_pieces = (kAlongK ? kDepth : kTile) / kWidth;
  const int row = threadIdx.x / row_pieces, along = threadIdx.x % row_pieces * kWidth;
  if constexpr (kAlongK) {
#pragma unroll
    for (int j = 0; j < kWidth; ++j) tile[(along + j) * kPitch + row] = values.at[j];
  } else {
    store_pack(tile + row * kPitch + along, values);
  }
}

struct Result {
  float* data;
  int64_t pitch;
  bool accumulate;
};

template <bool kAlongKA, bool kAlongKB, bool kAligned>
__global__ void __launch_bounds__(kThreads)
    multiply_tiles(Factor<float> a, Factor<float> b, int k_end, Result c) {
  constexpr int kTileFloats = kDepth * kPitch;
  POPE_SHARED(float, a_tiles, 2 * kTileFloats);
  POPE_SHARED(float, b_tiles, 2 * kTileFloats);
  const int tile_rows = (a.outer + kTile - 1) / kTile, tile_columns = (b.outer + kTile - 1) / kTile;
  const TilePosition position = tile_position(blockIdx.x, tile_rows, tile_columns);
  const int row0 = position.row * kTile, column0 = position.column * kTile;
  const int row = threadIdx.x / 16 * kWidth, column = threadIdx.x % 16 * kWidth;
  float sums[2][2][kWidth][kWidth] = {};

  int current = 0;
  store<kAlongKA>(a_tiles, load<kAlongKA, kAligned>(a, row0, 0, k_end));
  store<kAlongKB>(b_tiles, load<kAlongKB, kAligned>(b, column0, 0, k_end));
  __syncthreads();
  for (int k0 = 0; k0 < k_end; k0 += kDepth) {
    const Pack<float> next_a = load<kAlongKA, kAligned>(a, row0, k0 + kDepth, k_end);
    const Pack<float> next_b = load<kAlongKB, kAligned>(b, column0, k0 + kDepth, k_end);
#pragma unroll 2
    for (int k = 0; k < kDepth; ++k) {
      const float* const a_row = a_tiles + current * kTileFloats + k * kPitch + row;
      const float* const b_row = b_tiles + current * kTileFloats + k * kPitch + column;
      const Pack<float> a_part[2] = {load_pack(a_row), load_pack(a_row + kHalf)};
      const Pack<float> b_part[2] = {load_pack(b_row), load_pack(b_row + kHalf)};
#pragma unroll
      for (int i = 0; i < 4 * kWidth * kWidth; ++i) {
        const int x = i % kWidth, y = i / kWidth % kWidth, h = i / (kWidth * kWidth) % 2, g = i / (2 * kWidth * kWidth);
        sums[g][h][y][x] += a_part[g].at[y] * b_part[h].at[x];
      }
    }
    current ^= 1;
    store<kAlongKA>(a_tiles + current * kTileFloats, next_a);
    store<kAlongKB>(b_tiles + current * kTileFloats, next_b);
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < 4 * kWidth * kWidth; ++i) {
    const int x = i % kWidth, h = i / kWidth % 2, y = i / (2 * kWidth) % kWidth, g = i / (2 * kWidth * kWidth);
    const int64_t at_row = row0 + row + g * kHalf + y, at_column = column0 + column + h * kHalf + x;
    if (at_row >= a.outer || at_column >= b.outer) continue;
    float& to = c.data[at_row * c.pitch + at_column];
    to = (c.accumulate ? to : 0) + sums[g][h][y][x];
  }
}

bool on_boundaries(const void* data, int64_t pitch) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && pitch % kWidth == 0;
}

template <bool kAlongKA, bool kAlongKB>
void launch(const Product& p, Stream& stream) {
  const Factor<float> a{static_cast<const float*>(p.a), p.a_pitch, static_cast<int>(p.m)}, b{static_cast<const float*>(p.b), p.b_pitch, static_cast<int>(p.n)};
  const int64_t blocks = (p.m + kTile - 1) / kTile * ((p.n + kTile - 1) / kTile);
  const dim3 grid(static_cast<unsigned>(blocks)), block(kThreads);
  const int k = static_cast<int>(p.k);
  const Result c{p.c, p.c_pitch, p.accumulate};
  if (on_boundaries(p.a, p.a_pitch) && on_boundaries(p.b, p.b_pitch)) {
    POPE_LAUNCH((multiply_tiles<kAlongKA, kAlongKB, true>), grid, block, 0, stream.handle(), a, b, k, c);
  } else {
    POPE_LAUNCH((multiply_tiles<kAlongKA, kAlongKB, false>), grid, block, 0, stream.handle(), a, b, k, c);
  }
}

}  // namespace

void float_product(const Product& p, Stream& stream) {
  if (p.m == 0 || p.n == 0) return;
  switch (p.form) {
    case ProductForm::plain: return launch<true, false>(p, stream);
    case ProductForm::b_transposed: return launch<true, true>(p, stream);
    case ProductForm::a_transposed: return launch<false, false>(p, stream);
  }
}

}  // namespace pope::cuda
