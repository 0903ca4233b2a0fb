// add_rows: x[index[i]] += dy[i], the gradient of gather_rows.
//   dy [count, width]   index [count]   x [rows, width]
// embedding_backward adds to the gradient of the table; gather_rows_backward starts from 0.
//
// No atomics: the positions are sorted by their row, those of one row keep their order and are the work of one thread,
// summed in double. An index outside [0, rows) throws out_of_range naming its position, with nothing written; `op`
// begins the message.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void add_rows(const char* op, const float* dy, const int32_t* index, float* x, int64_t rows, int64_t width,
              int64_t count, ThreadPool& pool);

}  // namespace pope
