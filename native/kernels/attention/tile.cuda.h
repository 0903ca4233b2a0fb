// What the attention kernels share: rows of one head in shared memory and the two products of which attention is made.
//
// A block has kWarps warps, each with 16 rows of its own; tiles of other rows stream past them. A warp forms
//   scores       s[16, n] = own[16, head] other[n, head]^T
//   accumulate   o[16, head] += s[16, n] other[n, head]
// In both precisions lane l = 4 g + t holds of a [16, n] result, as s[j][0..3], the elements (g, c), (g, c + 1),
// (g + 8, c) and (g + 8, c + 1) with c = 8 j + 2 t: the accumulator of a tensor-core product (cuda/mma.h), which is at
// once, pair by pair, the first factor of the next one, so that no score passes through memory. f16 and bf16 go
// through tensor cores, f32 through the ordinary units and is never rounded. After FlashAttention-2 (Dao, 2023).
#pragma once

#include <type_traits>

#include "cuda/mma.h"

namespace pope::cuda {

constexpr int kWarps = 4, kThreads = kWarps * kWarp;
constexpr int kOwnRows = 16 * kWarps;

// One head of a matrix of rows.
template <class T>
struct HeadRows {
  T* data;        // of row 0
  int64_t pitch;  // elements from one row to the next
  int rows, head;
  bool aligned;   // every row begins on a 16-byte boundary and is a multiple of 16 bytes long
};

// A matrix [rows, heads * head].
template <class T>
struct Heads {
  T* data;
  int rows, heads, head;
  bool aligned;

  Heads(T* data, int64_t rows, int64_t heads, int64_t head)
      : data(data),
        rows(static_cast<int>(rows)),
        heads(static_cast<int>(heads)),
        head(static_cast<int>(head)),
        aligned(reinterpret_cast<uintptr_t>(data) % 16 == 0 && head * sizeof(T) % 16 == 0) {}
  __device__ HeadRows<T> at(int h) const {
    return {data + static_cast<int64_t>(h) * head, static_cast<int64_t>(heads) * head, rows, head, aligned};
  }
};

// `rows` of kHead elements in shared memory, in pieces of 16 bytes. Eight rows that are read at the same piece lie in
// different banks: their pieces are permuted, or an odd number of pieces lies between them.
template <class T, int kHead>
struct Layout {
  static constexpr int width = 16 / sizeof(T);
  static constexpr int pieces = kHead / width;
  static constexpr bool permuted = pieces % 8 == 0;
  static constexpr int pitch = permuted ? pieces : pieces | 1;
  __host__ __device__ static constexpr int elements(int rows) { return rows * pitch * width; }
  __device__ static int place(int row, int piece) {
    return (row * pitch + (permuted ? piece ^ row % 8 : piece)) * width;
  }
};

// Starts to copy the rows first .. first + kRows - 1; rows and columns that do not exist become 0.
template <int kHead, int kRows, class T>
__device__ inline void load_rows(T* tile, const HeadRows<const T>& from, int first) {
  using Tile = Layout<T, kHead>;
#pragma unroll 4
  for (int i = threadIdx.x; i < kRows * Tile::pieces; i += kThreads) {
    const int row = i / Tile::pieces, piece = i % Tile::pieces, column = piece * Tile::width;
    const int left = first + row < from.rows ? from.head - column : 0;
    const int count = left < 0 ? 0 : left < Tile::width ? left : Tile::width;
    const T* const source = count > 0 ? from.data + (first + row) * from.pitch + column : from.data;
    T* const target = tile + Tile::place(row, piece);
    if (from.aligned) {
      copy_async(target, source, count * static_cast<int>(sizeof(T)));
    } else {
      Pack<T> values{};
#pragma unroll
      for (int j = 0; j < Tile::width; ++j) {
        if (j < count) values.at[j] = source[j];
      }
      store_pack(target, values);
    }
  }
}

template <class T, int kHead>
struct TileProducts;

// What the accumulators of `accumulate` are, for o[kHead / 8][4]: the row, 0 for g and 1 for g + 8, and the column.
template <class T>
__device__ inline int output_half(int j, int e) {
  return std::is_same_v<T, float> ? j % 2 : e / 2;
}
template <class T>
__device__ inline int output_column(int j, int e) {
  const int t = threadIdx.x % 4;
  return std::is_same_v<T, float> ? j / 2 * 16 + 4 * t + e : j * 8 + 2 * t + e % 2;
}

template <int kHead>
struct TileProducts<float, kHead> {
  using Tile = Layout<float, kHead>;

  template <int kColumns>
  __device__ static void scores(float (&s)[kColumns / 8][4], const float* own, const float* other) {
    const int lane = threadIdx.x % kWarp, g = lane / 4, t = lane % 4, row = threadIdx.x / kWarp * 16 + g;
#pragma unroll
    for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
      for (int e = 0; e < 4; ++e) s[j][e] = 0;
    }
#pragma unroll 1
    for (int piece = 0; piece < Tile::pieces; ++piece) {
      const Pack<float> a[2] = {load_pack(own + Tile::place(row, piece)), load_pack(own + Tile::place(row + 8, piece))};
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
        const Pack<float> b[2] = {load_pack(other + Tile::place(8 * j + 2 * t, piece)),
                                  load_pack(other + Tile::place(8 * j + 2 * t + 1, piece))};
#pragma unroll
        for (int e = 0; e < 16; ++e) s[j][e / 4] += a[e / 8].at[e % 4] * b[e / 4 % 2].at[e % 4];
      }
    }
  }

  template <int kRows>
  __device__ static void accumulate(float (&o)[kHead / 8][4], const float (&s)[kRows / 8][4], const float* other) {
    const int lane = threadIdx.x % kWarp, first = lane / 4 * 4, t = lane % 4;
#pragma unroll
    for (int j = 0; j < kRows / 8; ++j) {
#pragma unroll 1
      for (int pair = 0; pair < 4; ++pair) {
#pragma unroll
        for (int x = 0; x < 2; ++x) {
          const int row = 8 * j + 2 * pair + x;
          const float weights[2] = {__shfl_sync(kFullWarp, s[j][x], first + pair),
                                    __shfl_sync(kFullWarp, s[j][2 + x], first + pair)};
#pragma unroll
          for (int m = 0; m < kHead / 16; ++m) {
            const Pack<float> b = load_pack(other + Tile::place(row, 4 * m + t));
#pragma unroll
            for (int e = 0; e < 8; ++e) o[2 * m + e / 4][e % 4] += weights[e / 4] * b.at[e % 4];
          }
        }
      }
    }
  }
};

template <class T>
__device__ inline uint32_t pair_of(float first, float second) {
  return from_float<T>(first).bits | static_cast<uint32_t>(from_float<T>(second).bits) << 16;
}

template <class T, int kHead>
struct TileProducts {
  using Tile = Layout<T, kHead>;

  template <int kColumns>
  __device__ static void scores(float (&s)[kColumns / 8][4], const T* own, const T* other) {
    const int lane = threadIdx.x % kWarp, row = threadIdx.x / kWarp * 16 + lane % 16;
#pragma unroll
    for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
      for (int e = 0; e < 4; ++e) s[j][e] = 0;
    }
#pragma unroll
    for (int k = 0; k < kHead / 16; ++k) {
      uint32_t a[4];
      load_matrices(a, own + Tile::place(row, 2 * k + lane / 16));
#pragma unroll
      for (int j = 0; j < kColumns / 16; ++j) {
        uint32_t b[4];
        load_matrices(b, other + Tile::place(16 * j + lane % 16, 2 * k + lane / 16));
        multiply_add<T>(s[2 * j], a, b[0], b[2]);
        multiply_add<T>(s[2 * j + 1], a, b[1], b[3]);
      }
    }
  }

  template <int kRows>
  __device__ static void accumulate(float (&o)[kHead / 8][4], const float (&s)[kRows / 8][4], const T* other) {
    const int lane = threadIdx.x % kWarp;
#pragma unroll
    for (int k = 0; k < kRows / 16; ++k) {
      const float(&left)[4] = s[2 * k], (&right)[4] = s[2 * k + 1];
      const uint32_t a[4] = {pair_of<T>(left[0], left[1]), pair_of<T>(left[2], left[3]), pair_of<T>(right[0], right[1]),
                             pair_of<T>(right[2], right[3])};
#pragma unroll
      for (int j = 0; j < kHead / 16; ++j) {
        uint32_t b[4];
        load_matrices_transposed(b, other + Tile::place(16 * k + lane % 8 + lane / 16 * 8, 2 * j + lane / 8 % 2));
        multiply_add<T>(o[2 * j], a, b[0], b[2]);
        multiply_add<T>(o[2 * j + 1], a, b[1], b[3]);
      }
    }
  }
};

// Writes the warp's 16 rows of `accumulate`, times a factor of each of the lane's two rows, from row `first` of the
// block.
template <int kHead, class T>
__device__ inline void store_rows(const HeadRows<T>& to, int first, const float (&o)[kHead / 8][4],
                                  const float (&factor)[2]) {
  const int row = first + threadIdx.x / kWarp * 16 + threadIdx.x % kWarp / 4;
#pragma unroll
  for (int j = 0; j < kHead / 8; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const int half = output_half<T>(j, e), column = output_column<T>(j, e), at = row + 8 * half;
      if (at < to.rows && column < to.head) to.data[at * to.pitch + column] = from_float<T>(o[j][e] * factor[half]);
    }
  }
}

}  // namespace pope::cuda
