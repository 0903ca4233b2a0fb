// Sums over rows, for the gradients of parameters that every row shares. A block of columns is the work of one thread,
// which takes the rows in order and sums in double: the bits do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

// out[j] += sum_i term(i, j) for first <= j < last, i < rows
template <class Term>
void add_column_sums(float* out, int64_t rows, int64_t first, int64_t last, Term term) {
  constexpr int64_t kColumns = 64;
  for (int64_t j = first; j < last; j += kColumns) {
    const int64_t count = std::min(kColumns, last - j);
    double sums[kColumns] = {};
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t c = 0; c < count; ++c) sums[c] += term(i, j + c);
    }
    for (int64_t c = 0; c < count; ++c) out[j + c] = static_cast<float>(out[j + c] + sums[c]);
  }
}

// The same for all columns, in parallel.
template <class Term>
void add_column_sums(float* out, int64_t rows, int64_t width, Term term, ThreadPool& pool) {
  constexpr int64_t kGrain = 64;  // columns
  pool.parallel_for(width, kGrain, [=](int64_t begin, int64_t end) { add_column_sums(out, rows, begin, end, term); });
}

}  // namespace pope
