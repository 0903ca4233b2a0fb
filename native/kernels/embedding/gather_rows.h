// gather_rows: out[i] = x[index[i]]
//   x [rows, width]   index [count]   out [count, width]
// embedding is the same with x = the table of token vectors, which may be of 16 bits, and index = the token ids. Every f16 and
// bf16 is a float: nothing is rounded.
//
// An index outside [0, rows) throws out_of_range naming its position; `op` begins the message.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/thread_pool.h"

namespace pope {

// What is thrown for one.
inline Error bad_index(const char* op, int32_t index, int64_t position, int64_t rows) {
  return Error(Status::out_of_range,
               std::string(op) + ": index " + std::to_string(index) + " at position " + std::to_string(position) +
                   " is outside the " + std::to_string(rows) + " rows of the table",
               position);
}

// Throws for the first of index[begin..end) that is outside [0, rows).
void check_index(const char* op, const int32_t* index, int64_t rows, int64_t begin, int64_t end);

// x of `dtype`: POPE_F32, POPE_F16 or POPE_BF16.
void gather_rows(const char* op, const void* x, int32_t dtype, const int32_t* index, float* out, int64_t rows,
                 int64_t width, int64_t count, ThreadPool& pool);

}  // namespace pope
