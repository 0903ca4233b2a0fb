// Products of 16-bit matrices on tensor cores (product.cuda.h). A block of 256 threads computes a tile of 128 x 128 of
// c: tiles of both factors, 32 deep, are copied to shared memory asynchronously, two steps ahead of the products, and
// are swizzled there so that the eight rows which a matrix load reads lie in different banks. 48 KiB of shared memory,
// so that two blocks run on a multiprocessor. After the design of CUTLASS for sm_80 ("Efficient GEMM in CUDA").
//
// Rows that are no multiple of 16 bytes apart cannot be copied asynchronously; a second version reads them by element.
#include "cuda/mma.h"
#include "kernels/matmul/product.cuda.h"
#include "kernels/matmul/product_tile.cuda.h"
#include "pope.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256, kTile = 128, kDepth = 32, kStages = 3;
constexpr int kWidth = 8;                     // 16-bit elements of one copy
constexpr int kTileElements = kTile * kDepth;
constexpr int kWarpRows = 64, kWarpColumns = 32;  // of c; warps lie 2 x 4
constexpr int kBlockK = 16;                   // of one tensor-core product

// Where the piece of (outer, k), a multiple of kWidth along its row, lies in a tile in shared memory.
template <bool kAlongK>
__device__ inline int place(int outer, int k) {
  constexpr int row_pieces = (kAlongK ? kDepth : kTile) / kWidth;
  const int row = kAlongK ? outer : k, piece = (kAlongK ? k : outer) / kWidth;
  const int swizzle = kAlongK ? row / 2 % row_pieces : row % 8;
  return (row * row_pieces + (piece ^ swizzle)) * kWidth;
}

template <bool kAlongK, bool kAligned, class T>
__device__ inline void load_tile(T* tile, const Factor<T>& factor, int outer0, int k0, int k_end) {
#pragma unroll
  for (int i = threadIdx.x; i < kTileElements / kWidth; i += kThreads) {
    const Piece<T> piece = piece_of_tile<kAlongK, kTile, kDepth, kWidth>(factor, i, outer0, k0, k_end);
    T* const target = tile + place<kAlongK>(piece.outer, piece.k);
    if constexpr (kAligned) {
      copy_async(target, piece.source, piece.count * static_cast<int>(sizeof(T)));
    } else {
      Pack<T> values{};
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        if (j < piece.count) values.at[j] = piece.source[j];
      }
      store_pack(target, values);
    }
  }
}

// 16 outer elements x 16 of k as four matrices: outer half o and half h of k are m[o + 2 h].
template <bool kAlongK, class T>
__device__ inline void load_fragment(uint32_t (&m)[4], const T* tile, int outer0, int k0) {
  const int lane = threadIdx.x % kWarp;
  if constexpr (kAlongK) {
    load_matrices(m, tile + place<true>(outer0 + lane % 16, k0 + lane / 16 * 8));
  } else {
    load_matrices_transposed(m, tile + place<false>(outer0 + lane / 8 % 2 * 8, k0 + lane % 8 + lane / 16 * 8));
  }
}

struct alignas(8) Pair {
  float first, second;
};

// Two neighbours of c, or the first alone.
__device__ inline void put(float* to, Pair sum, bool both, bool accumulate) {
  if (both && reinterpret_cast<uintptr_t>(to) % sizeof(Pair) == 0) {
    Pair* const pair = as_one<Pair>(to);
    const Pair held = accumulate ? *pair : Pair{0, 0};
    *pair = {held.first + sum.first, held.second + sum.second};
  } else {
    to[0] = (accumulate ? to[0] : 0) + sum.first;
    if (both) to[1] = (accumulate ? to[1] : 0) + sum.second;
  }
}

struct Result {
  float* data;
  int64_t pitch;
  bool accumulate;
};

template <class T, bool kAlongKA, bool kAlongKB, bool kAligned>
__global__ void __launch_bounds__(kThreads, 2)
    multiply_tiles(Factor<T> a, Factor<T> b, int k_end, Result c) {
  POPE_SHARED(T, a_tiles, kStages * kTileElements);
  POPE_SHARED(T, b_tiles, kStages * kTileElements);
  const int tile_rows = (a.outer + kTile - 1) / kTile, tile_columns = (b.outer + kTile - 1) / kTile;
  const TilePosition position = tile_position(blockIdx.x, tile_rows, tile_columns);
  const int row0 = position.row * kTile, column0 = position.column * kTile;
  const int steps = (k_end + kDepth - 1) / kDepth;

  const auto load_step = [&](int step) {
    if (step < steps) {
      const int stage = step % kStages * kTileElements;
      load_tile<kAlongKA, kAligned>(a_tiles + stage, a, row0, step * kDepth, k_end);
      load_tile<kAlongKB, kAligned>(b_tiles + stage, b, column0, step * kDepth, k_end);
    }
    commit_copies();  // an empty group, too, so that the number of open ones is always the same
  };

  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const int warp_row = warp / 4 * kWarpRows, warp_column = warp % 4 * kWarpColumns;
  constexpr int kFragmentRows = kWarpRows / 16, kFragmentColumns = kWarpColumns / 16;
  float sums[kFragmentRows][2 * kFragmentColumns][4] = {};

  for (int step = 0; step < kStages - 1; ++step) load_step(step);
  for (int step = 0; step < steps; ++step) {
    wait_copies<kStages - 2>();
    __syncthreads();  // the copies of all threads have arrived, and nobody reads what the next copy overwrites
    load_step(step + kStages - 1);
    const int stage = step % kStages * kTileElements;
#pragma unroll
    for (int k = 0; k < kDepth; k += kBlockK) {
      uint32_t a_part[kFragmentRows][4], b_part[kFragmentColumns][4];
#pragma unroll
      for (int i = 0; i < kFragmentRows; ++i) {
        load_fragment<kAlongKA>(a_part[i], a_tiles + stage, warp_row + i * 16, k);
      }
#pragma unroll
      for (int j = 0; j < kFragmentColumns; ++j) {
        load_fragment<kAlongKB>(b_part[j], b_tiles + stage, warp_column + j * 16, k);
      }
#pragma unroll
      for (int i = 0; i < kFragmentRows; ++i) {
#pragma unroll
        for (int j = 0; j < 2 * kFragmentColumns; ++j) {
          multiply_add<T>(sums[i][j], a_part[i], b_part[j / 2][j % 2], b_part[j / 2][j % 2 + 2]);
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < kFragmentRows; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int64_t row = row0 + warp_row + i * 16 + half * 8 + lane / 4;
      if (row >= a.outer) continue;
#pragma unroll
      for (int j = 0; j < 2 * kFragmentColumns; ++j) {
        const int64_t column = column0 + warp_column + j * 8 + lane % 4 * 2;
        if (column >= b.outer) continue;
        float* const to = c.data + row * c.pitch + column;
        put(to, {sums[i][j][2 * half], sums[i][j][2 * half + 1]}, column + 1 < b.outer, c.accumulate);
      }
    }
  }
}

bool on_boundaries(const void* data, int64_t pitch) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && pitch % kWidth == 0;
}

template <class T, bool kAlongKA, bool kAlongKB>
void launch(const Product& p, Stream& stream) {
  const Factor<T> a{static_cast<const T*>(p.a), p.a_pitch, static_cast<int>(p.m)}, b{static_cast<const T*>(p.b), p.b_pitch, static_cast<int>(p.n)};
  const int64_t blocks = (p.m + kTile - 1) / kTile * ((p.n + kTile - 1) / kTile);
  const dim3 grid(static_cast<unsigned>(blocks)), block(kThreads);
  const int k = static_cast<int>(p.k);
  const Result c{p.c, p.c_pitch, p.accumulate};
  if (on_boundaries(p.a, p.a_pitch) && on_boundaries(p.b, p.b_pitch)) {
    POPE_LAUNCH((multiply_tiles<T, kAlongKA, kAlongKB, true>), grid, block, 0, stream.handle(), a, b, k, c);
  } else {
    POPE_LAUNCH((multiply_tiles<T, kAlongKA, kAlongKB, false>), grid, block, 0, stream.handle(), a, b, k, c);
  }
}

template <class T>
void launch_form(const Product& p, Stream& stream) {
  switch (p.form) {
    case ProductForm::plain: return launch<T, true, false>(p, stream);
    case ProductForm::b_transposed: return launch<T, true, true>(p, stream);
    case ProductForm::a_transposed: return launch<T, false, false>(p, stream);
  }
}

}  // namespace

void tensor_product(const Product& p, Stream& stream) {
  if (p.m == 0 || p.n == 0) return;
  p.dtype == POPE_BF16 ? launch_form<bf16>(p, stream) : launch_form<f16>(p, stream);
}

}  // namespace pope::cuda
