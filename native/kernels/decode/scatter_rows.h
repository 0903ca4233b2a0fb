// scatter_rows: dst[index[i]] = x[i], in the order of i; the other rows of dst keep what they hold.
//   x [rows, width]   index [rows]   dst [capacity, width], of 16 bits where the cache is: then x is rounded to it
// The inverse of gather_rows: it is how keys and values enter their cache.
//
// An index outside [0, capacity) throws out_of_range naming its position, before anything is written.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace pope {

struct ScatterShape {
  int64_t rows, width, capacity;
};

inline Error bad_scatter_index(int32_t index, int64_t position, int64_t capacity) {
  return Error(Status::out_of_range,
               "scatter_rows: index " + std::to_string(index) + " at position " + std::to_string(position) +
                   " is outside the " + std::to_string(capacity) + " rows of the destination",
               position);
}

inline void check_scatter_index(const int32_t* index, const ScatterShape& shape) {
  for (int64_t i = 0; i < shape.rows; ++i) {
    if (index[i] < 0 || index[i] >= shape.capacity) throw bad_scatter_index(index[i], i, shape.capacity);
  }
}

// dst of `dtype`: POPE_F32, POPE_F16 or POPE_BF16.
void scatter_rows(const float* x, const int32_t* index, void* dst, int32_t dtype, const ScatterShape& shape);

}  // namespace pope
