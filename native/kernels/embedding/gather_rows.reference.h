#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "kernels/elementwise/exact.reference.h"

namespace pope::reference {

template <class T>
void gather_rows(const char* op, const void* x, int32_t dtype, const int32_t* index, T* out, int64_t rows,
                 int64_t width, int64_t count) {
  const std::vector<T> table = exact<T>(x, dtype, rows * width);
  for (int64_t i = 0; i < count; ++i) {
    if (index[i] < 0 || index[i] >= rows) {
      throw Error(Status::out_of_range, std::string(op) + ": row " + std::to_string(i) + " asks for " +
                                            std::to_string(index[i]) + " of " + std::to_string(rows), i);
    }
    for (int64_t j = 0; j < width; ++j) out[i * width + j] = table[index[i] * width + j];
  }
}

}  // namespace pope::reference
