#include "kernels/matmul/matmul.h"

#include <algorithm>
#include <limits>

#include "core/blas.h"
#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/matmul/tile.tiered.h"

namespace pope {

namespace {

// A panel of kDepth x tile.columns floats (at most 32 KiB) stays in the first-level cache while all strips of a chunk
// pass it; kDepth columns of a chunk of kChunkRows rows (512 KiB) stay in the second-level cache.
constexpr int64_t kDepth = 256;
constexpr int64_t kChunkRows = 512;
constexpr int64_t kBlockColumns = 64;  // columns of one task
constexpr int64_t kFillGrain = 16;     // rows

// One call of the BLAS. Fixed, so that bits do not depend on the threads. Larger ones gain less than 5 %, half as large
// ones lose 15 %.
constexpr int64_t kBlasRows = 256, kBlasColumns = 384;

// m n k from which a BLAS is used. Below it our own kernel, whose smaller tasks fill more threads, is as fast or faster
// (OpenBLAS 0.3.21, two threads of a Zen 5).
constexpr int64_t kBlasProduct = int64_t{1} << 26;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

thread_local Scratch strip_memory;
thread_local Scratch panel_memory;

// The left operand of a product: rows [m, k], or columns [k, m] whose transpose is meant.
struct Left {
  const float* data;
  int64_t stride;  // between its rows in memory
  bool transposed;

  const float* row(int64_t i) const { return transposed ? data + i : data + i * stride; }
  Left from_row(int64_t i) const { return {row(i), stride, transposed}; }
};

void fill_with_bias(const float* bias, float* c, int64_t m, int64_t n, ThreadPool& pool) {
  pool.parallel_for(m, kFillGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      bias ? std::copy_n(bias, n, c + i * n) : std::fill_n(c + i * n, n, 0.0f);
    }
  });
}

// c += a op(b) for the columns [first, first + columns) of b and c.
// strips holds the packed rows of a: [strip][k][tile.rows].
void multiply_block(const TileKernels& tile, const float* strips, const float* b, float* c, const MatmulShape& shape,
                    int64_t first, int64_t columns) {
  const auto [m, n, k, transposed] = shape;
  float* panel = panel_memory.floats(kDepth * tile.columns);
  for (int64_t p = 0; p < k; p += kDepth) {
    const int64_t depth = std::min(kDepth, k - p);
    for (int64_t j = first; j < first + columns; j += tile.columns) {
      const int64_t width = std::min(tile.columns, first + columns - j);
      if (transposed) {
        tile.pack_transposed(b + j * k + p, k, width, depth, tile.columns, panel);
      } else {
        tile.pack_plain(b + p * n + j, n, width, depth, tile.columns, panel);
      }
      for (int64_t i = 0; i < m; i += tile.rows) {
        tile.multiply(strips + i * k + p * tile.rows, panel, depth, c + i * n + j, n, std::min(tile.rows, m - i),
                      width);
      }
    }
  }
}

void multiply_chunk(const TileKernels& tile, const Left& a, const float* b, float* c, const MatmulShape& shape,
                    ThreadPool& pool) {
  const int64_t m = shape.m, n = shape.n, k = shape.k;
  const int64_t strip_count = divide_up(m, tile.rows);
  float* strips = strip_memory.floats(strip_count * tile.rows * k);
  pool.parallel_for(strip_count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) {
      const int64_t row = s * tile.rows;
      const auto pack = a.transposed ? tile.pack_plain : tile.pack_transposed;
      pack(a.row(row), a.stride, std::min(tile.rows, m - row), k, tile.rows, strips + row * k);
    }
  });
  const int64_t block = std::max<int64_t>(1, kBlockColumns / tile.columns) * tile.columns;
  pool.parallel_for(n, block, [&](int64_t begin, int64_t end) {
    multiply_block(tile, strips, b, c, shape, begin, end - begin);
  });
}

bool fits_blas(const MatmulShape& shape) {
  constexpr int64_t kMaximum = std::numeric_limits<int>::max();
  return std::max({shape.m, shape.n, shape.k}) <= kMaximum &&
         static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k) >= kBlasProduct;
}

// c += a op(b)
void multiply_by_blas(Sgemm* sgemm, const Left& a, const float* b, float* c, const MatmulShape& shape,
                      ThreadPool& pool) {
  const int64_t across = divide_up(shape.n, kBlasColumns);
  pool.parallel_for(divide_up(shape.m, kBlasRows) * across, 1, [&](int64_t begin, int64_t end) {
    const auto [m, n, k, transposed] = shape;
    const auto depth = static_cast<int>(k), width = static_cast<int>(n);
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t i = tile / across * kBlasRows, j = tile % across * kBlasColumns;
      const auto rows = static_cast<int>(std::min(kBlasRows, m - i));
      const auto columns = static_cast<int>(std::min(kBlasColumns, n - j));
      sgemm(kRowMajor, a.transposed ? kTranspose : kNoTranspose, transposed ? kTranspose : kNoTranspose, rows, columns,
            depth, 1.0f, a.row(i), static_cast<int>(a.stride), transposed ? b + j * k : b + j,
            transposed ? depth : width, 1.0f, c + i * n + j, width);
    }
  });
}

// c += a op(b)
void multiply(const Left& a, const float* b, float* c, const MatmulShape& shape, ThreadPool& pool) {
  const auto [m, n, k, transposed] = shape;
  if (m == 0 || n == 0 || k == 0) return;
  const Blas* blas = active_blas();
  if (blas && fits_blas(shape)) {
    multiply_by_blas(blas->sgemm, a, b, c, shape, pool);
    return;
  }
  const TileKernels& tile = POPE_ACTIVE_TIER(tile_kernels);
  for (int64_t i = 0; i < m; i += kChunkRows) {
    multiply_chunk(tile, a.from_row(i), b, c + i * n, {std::min(kChunkRows, m - i), n, k, transposed}, pool);
  }
}

}  // namespace

void matmul(const float* a, const float* b, const float* bias, float* c, const MatmulShape& shape, ThreadPool& pool) {
  fill_with_bias(bias, c, shape.m, shape.n, pool);
  add_product(a, b, c, shape, pool);
}

void add_product(const float* a, const float* b, float* c, const MatmulShape& shape, ThreadPool& pool) {
  multiply({.data = a, .stride = shape.k, .transposed = false}, b, c, shape, pool);
}

void add_transposed_product(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k,
                            ThreadPool& pool) {
  multiply({.data = a, .stride = m, .transposed = true}, b, c, {m, n, k, false}, pool);
}

}  // namespace pope
