#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace pope::reference {

template <class T>
void add_rows(const char* op, const T* dy, const int32_t* index, T* x, int64_t rows, int64_t width, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (index[i] < 0 || index[i] >= rows) {
      throw Error(Status::out_of_range, std::string(op) + ": an index is outside the table", i);
    }
    for (int64_t j = 0; j < width; ++j) x[index[i] * width + j] += dy[i * width + j];
  }
}

}  // namespace pope::reference
