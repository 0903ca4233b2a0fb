// What tile.tiered.h declares, for factors of one kind (factors.h). Internal linkage, as all that tiered sources include.
#pragma once

#include "kernels/matmul/factors.h"
#include "kernels/matmul/tile.tiered.h"
#include "kernels/transpose.h"

namespace pope {
namespace {

// Sums that fit the registers: 24 of 32 for AVX-512 and NEON, 12 of 16 for AVX2, 8 of 16 for SSE2, which has no fused
// multiply-add and needs registers for the products.
#if defined(__AVX512F__)
constexpr int kRows = 12, kVectors = 2;
#elif defined(__AVX2__)
constexpr int kRows = 4, kVectors = 3;
#elif defined(__aarch64__)
constexpr int kRows = 8, kVectors = 3;
#else
constexpr int kRows = 4, kVectors = 2;
#endif
constexpr int kColumns = kVectors * kLanes;
static_assert(kRows % 4 == 0 && kColumns % 4 == 0, "pack_transposed takes four rows at a time, or more");

template <class Factors>
class Tile {
  using T = typename Factors::Element;
  static constexpr int64_t kElements = Factors::kElements;

  // As many rows as V has lanes, square by square; the numbers of each that are packed. Each group of rows is a short run of
  // streams, too short for the hardware to see ahead: asking for the next group's cache lines makes packing a third faster.
  template <class V, class Words>
  static int64_t pack_squares(const T* from, int64_t stride, int64_t k, int64_t width, float* to, const Words& words) {
    constexpr int kRowsTogether = sizeof(V) / sizeof(float);
    constexpr int64_t kSquare = kRowsTogether * kElements, kLine = 64 / sizeof(T);
    int64_t p = 0;
    for (; p + kSquare <= k; p += kSquare, to += kRowsTogether * width) {
      V square[kRowsTogether];
      for (int r = 0; r < kRowsTogether; ++r) {
        if (p % kLine == 0) __builtin_prefetch(from + (kRowsTogether + r) * stride + p);
        square[r] = words(from + r * stride + p);
      }
      transpose(square);
      for (int w = 0; w < kRowsTogether; ++w) __builtin_memcpy(to + w * width, &square[w], sizeof square[w]);
    }
    return p;
  }

  static void pack_transposed(const T* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to) {
    for (int64_t i = 0, step; i < width; i += step) {
      const T* rows = from + i * stride;
      int64_t p = 0;
      step = i + kLanes <= count ? kLanes : 4;
      if (i + kLanes <= count) {
        p = pack_squares<Vec>(rows, stride, k, width, to + i, [](const T* at) { return Factors::vector(at); });
      } else if (i + 4 <= count) {
        p = pack_squares<Quad>(rows, stride, k, width, to + i, [](const T* at) { return Factors::quad(at); });
      }
      for (float* words = to + p / kElements * width + i; p < k; p += kElements, words += width) {
        for (int64_t r = 0; r < step; ++r) words[r] = i + r < count ? Factors::word(rows + r * stride + p, k - p) : 0.0f;
      }
    }
  }

  static void pack_plain(const T* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to) {
    for (int64_t p = 0; p < k; p += kElements, from += kElements * stride, to += width) {
      if (count == kColumns && width == kColumns) {
        for (int v = 0; v < kVectors; ++v) {
          store(to + v * kLanes, Factors::across(from + v * kLanes, stride, k - p));
        }
        continue;
      }
      if constexpr (sizeof(T) == sizeof(float)) {
        if (count == kRows && width == kRows) {
          __builtin_memcpy(to, from, kRows * sizeof(float));  // of a known size: a few moves instead of a loop
          continue;
        }
      }
      for (int64_t j = 0; j < width; ++j) {
        T column[kElements] = {};
        for (int64_t r = 0; r < kElements && r < k - p && j < count; ++r) column[r] = from[r * stride + j];
        to[j] = Factors::word(column, kElements);
      }
    }
  }

  // The first R rows of a strip times a panel. Sums of different rows never meet, so R does not change their bits.
  template <int R>
  static void multiply_rows(const float* strip, const float* panel, int64_t words, float* c, int64_t stride) {
    Vec sum[R][kVectors];
    for (int i = 0; i < R; ++i) {
      for (int v = 0; v < kVectors; ++v) sum[i][v] = load(c + i * stride + v * kLanes);
    }
    for (int64_t w = 0; w < words; ++w) {
      Vec b[kVectors];
      for (int v = 0; v < kVectors; ++v) b[v] = load(panel + w * kColumns + v * kLanes);
#pragma GCC unroll 12
      for (int i = 0; i < R; ++i) {
        const Vec a = broadcast(strip[w * kRows + i]);
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) sum[i][v] = Factors::add_product(sum[i][v], a, b[v]);
      }
    }
    for (int i = 0; i < R; ++i) {
      for (int v = 0; v < kVectors; ++v) store(c + i * stride + v * kLanes, sum[i][v]);
    }
  }

  static void prefetch(const float* c, int64_t stride) {
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) __builtin_prefetch(c + i * stride + v * kLanes, 1);
    }
  }

  // A tile that reaches over the edge of c is computed in one that does not.
  static void multiply(const float* strip, const float* panel, int64_t words, float* c, int64_t stride,
                       int64_t row_count, int64_t column_count) {
    if (row_count == kRows && column_count == kColumns) {
      // What comes next is most likely the tile below. Where rows are 4 KiB apart, its lines are in no near cache.
      prefetch(c + kRows * stride, stride);
      multiply_rows<kRows>(strip, panel, words, c, stride);
      return;
    }
    float tile[kRows * kColumns] = {};
    for (int64_t i = 0; i < row_count; ++i) {
      for (int64_t j = 0; j < column_count; ++j) tile[i * kColumns + j] = c[i * stride + j];
    }
    if (row_count == 1) {
      multiply_rows<1>(strip, panel, words, tile, kColumns);
    } else if (row_count <= 4) {
      multiply_rows<4>(strip, panel, words, tile, kColumns);
    } else {
      multiply_rows<kRows>(strip, panel, words, tile, kColumns);
    }
    for (int64_t i = 0; i < row_count; ++i) {
      for (int64_t j = 0; j < column_count; ++j) c[i * stride + j] = tile[i * kColumns + j];
    }
  }

 public:
  static constexpr TileKernelsOf<T> kernels{kRows, kColumns, kElements, pack_transposed, pack_plain, multiply};
};

}  // namespace
}  // namespace pope
