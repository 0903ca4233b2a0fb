#include "kernels/matmul/matmul.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "core/blas.h"
#include "core/cpu.h"
#include "core/scratch.h"
#include "kernels/matmul/factor_tile.h"
#include "kernels/matmul/few_rows.tiered.h"

namespace pope {

namespace {

// Depths are those of packed operands, in words of 32 bits (tile.tiered.h). A panel of kDepth x tile.columns words (at most
// 32 KiB) stays in the first-level cache while strips pass it.
constexpr int64_t kDepth = 256;

// The narrower operand is packed once for all threads; each task packs its own part of the other. kDepth columns of
// kSharedRows shared rows (512 KiB), or of the kTaskRows rows of a task (48 KiB), stay in the second-level cache,
// kSharedWords of shared columns (8 MiB) in the third.
constexpr int64_t kSharedRows = 512, kTaskColumns = 64;
constexpr int64_t kSharedWords = int64_t{1} << 21, kTaskRows = 48;

constexpr int64_t kPackGrain = 16384;  // words
constexpr int64_t kFillGrain = 16;     // rows
constexpr int64_t kSlice = 8;          // words of a transposed a that a strip takes at its turn

// Columns of a task of a product of few rows: 2 KiB of every row of b, or this many rows of a transposed one.
constexpr int64_t kFewRowsColumns = 512, kFewRowsTransposedColumns = 256;

// One call of the BLAS. Fixed, so that bits do not depend on the threads. Larger ones gain less than 5 %, half as large
// ones lose 15 %.
constexpr int64_t kBlasRows = 256, kBlasColumns = 384;

// m n k from which a BLAS is used. Below it our own kernel, whose smaller tasks fill more threads, is as fast or faster
// (OpenBLAS 0.3.21, two threads of a Zen 5).
constexpr int64_t kBlasProduct = int64_t{1} << 26;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

thread_local Scratch strip_memory;
thread_local Scratch panel_memory;
thread_local Scratch shared_panel_memory;

// Factors are float, or uint16_t for bf16.
template <class T>
const FewRowsKernels<T>& few_rows_kernels() {
  return for_factors<T>(POPE_ACTIVE_TIER(few_rows_kernels), POPE_ACTIVE_BF16_TIER(bf16_few_rows_kernels));
}

// The left operand of a product: rows [m, k], or columns [k, m] whose transpose is meant.
template <class T>
struct Left {
  const T* data;
  int64_t stride;  // between its rows in memory
  bool transposed;

  const T* at(int64_t i, int64_t p) const { return transposed ? data + i + p * stride : data + i * stride + p; }
  const T* row(int64_t i) const { return at(i, 0); }
  Left from_row(int64_t i) const { return {row(i), stride, transposed}; }
};

// What the products are added to: c as it is, the bias in every row, or nothing.
struct Start {
  bool is_c;
  const float* bias;  // [n], may be null

  // Prepares a part of c, most likely the next to be worked on: it stays in a near cache.
  void fill(float* c, int64_t n, int64_t first_row, int64_t last_row, int64_t first, int64_t last) const {
    if (is_c) return;
    for (int64_t i = first_row; i < last_row; ++i) {
      float* row = c + i * n;
      bias ? std::copy_n(bias + first, last - first, row + first) : std::fill_n(row + first, last - first, 0.0f);
    }
  }
};

// A part of k: the elements [first, first + count), `depth` packed words from word `word` on.
struct Part {
  int64_t first, count, word, depth;
};

// The parts of k that are packed at a time.
template <class T, class Work>
void for_parts(const TileKernelsOf<T>& tile, int64_t k, const Work& work) {
  const int64_t step = kDepth * tile.elements;
  for (int64_t first = 0; first < k; first += step) {
    const int64_t count = std::min(step, k - first);
    work(Part{first, count, first / tile.elements, divide_up(count, tile.elements)});
  }
}

// Columns of `part` of the rows [first, last) of a as strips: [strip][depth][tile.rows]. Columns of a transposed a
// lie far apart in memory, and neighbouring strips share their lines, so strips take turns.
template <class T>
void pack_strips(const TileKernelsOf<T>& tile, const Left<T>& a, int64_t first, int64_t last, const Part& part,
                 float* strips) {
  const auto pack = a.transposed ? tile.pack_plain : tile.pack_transposed;
  const int64_t slice = a.transposed ? kSlice * tile.elements : part.count;
  for (int64_t done = 0; done < part.count; done += slice) {
    for (int64_t i = first; i < last; i += tile.rows) {
      pack(a.at(i, part.first + done), a.stride, std::min(tile.rows, last - i), std::min(slice, part.count - done),
           tile.rows, strips + (i - first) * part.depth + done / tile.elements * tile.rows);
    }
  }
}

// Rows of `part` of the columns [j, j + width) of op(b) as a panel: [depth][tile.columns].
template <class T>
void pack_panel(const TileKernelsOf<T>& tile, const T* b, const MatmulShape& shape, int64_t j, int64_t width,
                const Part& part, float* panel) {
  const auto [m, n, k, transposed] = shape;
  if (transposed) {
    tile.pack_transposed(b + j * k + part.first, k, width, part.count, tile.columns, panel);
  } else {
    tile.pack_plain(b + part.first * n + j, n, width, part.count, tile.columns, panel);
  }
}

// What is packed next: rows of b, `stride` apart, each in a page of its own, where the hardware does not see it coming.
template <class T>
struct Ahead {
  const T* from = nullptr;
  int64_t stride = 0, rows = 0, columns = 0;

  // Asks for the rows [first, last), as far as there are such, for the second-level cache.
  void prefetch(int64_t first, int64_t last) const {
    constexpr int64_t kLine = 64 / sizeof(T);
    for (int64_t r = first; r < std::min(last, rows); ++r) {
      for (int64_t j = 0; j < columns; j += kLine) __builtin_prefetch(from + r * stride + j, 0, 2);
    }
  }
};

// What pack_panel is going to read.
template <class T>
Ahead<T> ahead_of_panel(const T* b, const MatmulShape& shape, int64_t j, int64_t width, int64_t first, int64_t count) {
  const auto [m, n, k, transposed] = shape;
  return transposed ? Ahead<T>{b + j * k + first, k, width, count} : Ahead<T>{b + first * n + j, n, count, width};
}

// The rows [first, last) of c, columns [j, j + width), += strips panel, while what is `ahead` arrives.
template <class T>
void multiply_strips(const TileKernelsOf<T>& tile, const float* strips, const float* panel, int64_t depth, float* c,
                     int64_t n, int64_t first, int64_t last, int64_t j, int64_t width, const Ahead<T>& ahead = {}) {
  const int64_t share = divide_up(ahead.rows, divide_up(last - first, tile.rows));
  for (int64_t i = first, strip = 0; i < last; i += tile.rows, ++strip) {
    ahead.prefetch(strip * share, (strip + 1) * share);
    tile.multiply(strips + (i - first) * depth, panel, depth, c + i * n + j, n, std::min(tile.rows, last - i), width);
  }
}

// At most kSharedRows rows: all of a is packed first, [part of k][strip][depth][tile.rows].
template <class T>
void multiply_shared_rows(const TileKernelsOf<T>& tile, const Left<T>& a, const T* b, float* c,
                          const MatmulShape& shape, const Start& start, ThreadPool& pool) {
  const int64_t m = shape.m, n = shape.n, k = shape.k;
  const int64_t rows = divide_up(m, tile.rows) * tile.rows;
  float* strips = strip_memory.floats(rows * divide_up(k, tile.elements));
  pool.parallel_for(m, kTaskRows, [&](int64_t begin, int64_t end) {
    for_parts(tile, k, [&](const Part& part) {
      pack_strips(tile, a, begin, end, part, strips + rows * part.word + begin * part.depth);
    });
  });
  const int64_t block = std::max<int64_t>(1, kTaskColumns / tile.columns) * tile.columns;
  pool.parallel_for(n, block, [&](int64_t begin, int64_t end) {
    float* panel = panel_memory.floats(kDepth * tile.columns);
    start.fill(c, n, 0, m, begin, end);
    for_parts(tile, k, [&](const Part& part) {
      for (int64_t j = begin; j < end; j += tile.columns) {
        const int64_t width = std::min(tile.columns, end - j), below = part.first + part.count;
        pack_panel(tile, b, shape, j, width, part, panel);
        Ahead<T> ahead;
        if (const int64_t next = j + tile.columns; next < end) {
          ahead = ahead_of_panel(b, shape, next, std::min(tile.columns, end - next), part.first, part.count);
        } else if (below < k) {
          ahead = ahead_of_panel(b, shape, begin, std::min(tile.columns, end - begin), below, std::min(part.count, k - below));
        }
        multiply_strips(tile, strips + rows * part.word, panel, part.depth, c, n, 0, m, j, width, ahead);
      }
    });
  });
}

// The columns [first, last), of which all are packed first, [part of k][panel][depth][tile.columns].
template <class T>
void multiply_shared_columns(const TileKernelsOf<T>& tile, const Left<T>& a, const T* b, float* c,
                             const MatmulShape& shape, int64_t first, int64_t last, const Start& start,
                             ThreadPool& pool) {
  const int64_t m = shape.m, n = shape.n, k = shape.k;
  const int64_t count = divide_up(last - first, tile.columns), columns = count * tile.columns;
  const int64_t words = divide_up(k, tile.elements);
  float* panels = shared_panel_memory.floats(columns * words);
  pool.parallel_for(count, std::max<int64_t>(1, kPackGrain / (words * tile.columns)), [&](int64_t begin, int64_t end) {
    for_parts(tile, k, [&](const Part& part) {
      for (int64_t panel = begin; panel < end; ++panel) {
        const int64_t j = first + panel * tile.columns;
        pack_panel(tile, b, shape, j, std::min(tile.columns, last - j), part,
                   panels + columns * part.word + panel * tile.columns * part.depth);
      }
    });
  });
  pool.parallel_for(m, kTaskRows, [&](int64_t begin, int64_t end) {
    float* strips = strip_memory.floats(kTaskRows * kDepth);
    start.fill(c, n, begin, end, first, last);
    for_parts(tile, k, [&](const Part& part) {
      pack_strips(tile, a, begin, end, part, strips);
      for (int64_t j = first; j < last; j += tile.columns) {
        const float* panel = panels + columns * part.word + (j - first) * part.depth;
        multiply_strips(tile, strips, panel, part.depth, c, n, begin, end, j, std::min(tile.columns, last - j));
      }
    });
  });
}

// At most kFewRows rows: nothing is packed.
template <class T>
void multiply_few_rows(const Left<T>& a, const T* b, float* c, const MatmulShape& shape, const Start& start,
                       ThreadPool& pool) {
  const FewRowsKernels<T>& kernels = few_rows_kernels<T>();
  const bool transposed = shape.transposed;
  const int64_t grain = transposed ? kFewRowsTransposedColumns : kFewRowsColumns;
  pool.parallel_for(shape.n, grain, [&, transposed](int64_t begin, int64_t end) {
    start.fill(c, shape.n, 0, shape.m, begin, end);
    const FewRowsOperands<T> operands{
        .a = a.data,
        .a_stride = a.stride,
        .row_count = shape.m,
        .k = shape.k,
        .b = transposed ? b + begin * shape.k : b + begin,
        .b_stride = transposed ? shape.k : shape.n,
        .columns = end - begin,
        .c = c + begin,
        .c_stride = shape.n,
    };
    transposed ? kernels.multiply_transposed(operands) : kernels.multiply(operands);
  });
}

bool fits_blas(const MatmulShape& shape) {
  constexpr int64_t kMaximum = std::numeric_limits<int>::max();
  return std::max({shape.m, shape.n, shape.k}) <= kMaximum &&
         static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k) >= kBlasProduct;
}

void multiply_by_blas(Sgemm* sgemm, const Left<float>& a, const float* b, float* c, const MatmulShape& shape,
                      const Start& start, ThreadPool& pool) {
  pool.parallel_for(shape.m, kFillGrain, [&](int64_t begin, int64_t end) {
    start.fill(c, shape.n, begin, end, 0, shape.n);
  });
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

// c = start + a op(b)
template <class T>
void multiply(const Left<T>& a, const T* b, float* c, const MatmulShape& shape, const Start& start, ThreadPool& pool) {
  const auto [m, n, k, transposed] = shape;
  if (m == 0 || n == 0) return;
  if (k == 0) {
    start.fill(c, n, 0, m, 0, n);
    return;
  }
  if (m <= kFewRows && !a.transposed) {
    multiply_few_rows(a, b, c, shape, start, pool);
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    const Blas* blas = active_blas();
    if (blas && fits_blas(shape)) {
      multiply_by_blas(blas->sgemm, a, b, c, shape, start, pool);
      return;
    }
  }
  const TileKernelsOf<T>& tile = factor_tile<T>();
  if (m < n) {
    for (int64_t i = 0; i < m; i += kSharedRows) {
      const MatmulShape rows{std::min(kSharedRows, m - i), n, k, transposed};
      multiply_shared_rows(tile, a.from_row(i), b, c + i * n, rows, start, pool);
    }
    return;
  }
  const int64_t columns = std::max<int64_t>(1, kSharedWords / (divide_up(k, tile.elements) * tile.columns)) * tile.columns;
  for (int64_t j = 0; j < n; j += columns) {
    multiply_shared_columns(tile, a, b, c, shape, j, std::min(j + columns, n), start, pool);
  }
}

constexpr Start kAdd{.is_c = true, .bias = nullptr};

}  // namespace

template <class T>
void matmul(const T* a, const T* b, const float* bias, float* c, const MatmulShape& shape, ThreadPool& pool) {
  multiply(Left<T>{.data = a, .stride = shape.k, .transposed = false}, b, c, shape, {.is_c = false, .bias = bias}, pool);
}

template <class T>
void add_product(const T* a, const T* b, float* c, const MatmulShape& shape, ThreadPool& pool) {
  multiply(Left<T>{.data = a, .stride = shape.k, .transposed = false}, b, c, shape, kAdd, pool);
}

template <class T>
void add_transposed_product(const T* a, const T* b, float* c, int64_t m, int64_t n, int64_t k, ThreadPool& pool) {
  multiply(Left<T>{.data = a, .stride = m, .transposed = true}, b, c, {m, n, k, false}, kAdd, pool);
}

#define POPE_INSTANTIATE(T)                                                                       \
  template void matmul(const T*, const T*, const float*, float*, const MatmulShape&, ThreadPool&); \
  template void add_product(const T*, const T*, float*, const MatmulShape&, ThreadPool&);          \
  template void add_transposed_product(const T*, const T*, float*, int64_t, int64_t, int64_t, ThreadPool&);
POPE_INSTANTIATE(float)
POPE_INSTANTIATE(uint16_t)

}  // namespace pope
