// add_rows on a GPU (formula in add_rows.h), without atomics on floats: every position is ranked by its row, then by its
// place, by counting the positions before it in that order. What belongs to one row is then a segment of that order, the
// work of one thread per column, in the order of the positions. Counting takes count^2 comparisons of integers in shared
// memory: at the 16,384 positions of a batch, by their number, about 0.1 ms on an H100.
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void add_rows(const char* op, const float* dy, const int32_t* index, float* x, int64_t rows, int64_t width,
              int64_t count, Stream& stream);

}  // namespace pope::cuda
