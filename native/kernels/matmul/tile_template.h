// What tile.tiered.h declares, for factors of one kind (factors.h). Internal linkage, as all that tiered sources include.
#pragma once

#include "kernels/matmul/factors.h"
#include "kernels/matmul/tile.tiered.h"

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
static_assert(kRows % 4 == 0 && kColumns % 4 == 0, "pack_transposed works on 4 x 4 blocks");

inline void store_quad(float* p, Quad v) { __builtin_memcpy(p, &v, sizeof v); }

template <class Factors>
class Tile {
  using T = typename Factors::Element;
  static constexpr int64_t kElements = Factors::kElements;

  // A block of 4 x 4 words: to[w * width + i] = word w of row i.
  static void transpose_block(const T* from, int64_t stride, float* to, int64_t width) {
    const Quad a = Factors::quad(from), b = Factors::quad(from + stride);
    const Quad c = Factors::quad(from + 2 * stride), d = Factors::quad(from + 3 * stride);
    const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    store_quad(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
    store_quad(to + width, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
    store_quad(to + 2 * width, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
    store_quad(to + 3 * width, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
  }

  // Each quad of rows is a short run of four streams, too short for the hardware to see ahead: asking for the next quad's
  // cache lines makes packing a third faster.
  static void pack_transposed(const T* from, int64_t stride, int64_t count, int64_t k, int64_t width, float* to) {
    constexpr int64_t kLine = 64 / sizeof(T);
    for (int64_t i = 0; i < width; i += 4) {
      const T* rows = from + i * stride;
      const T* next = i + 8 <= count ? rows + 4 * stride : rows;
      int64_t p = 0;
      float* words = to + i;
      if (i + 4 <= count) {
        for (; p + 4 * kElements <= k; p += 4 * kElements, words += 4 * width) {
          if (p % kLine == 0) {
            for (int64_t r = 0; r < 4; ++r) __builtin_prefetch(next + r * stride + p);
          }
          transpose_block(rows + p, stride, words, width);
        }
      }
      for (; p < k; p += kElements, words += width) {
        for (int64_t r = 0; r < 4; ++r) words[r] = i + r < count ? Factors::word(rows + r * stride + p, k - p) : 0.0f;
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
