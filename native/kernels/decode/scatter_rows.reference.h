#pragma once

#include "kernels/decode/scatter_rows.h"

namespace pope::reference {

template <class T>
void scatter_rows(const T* x, const int32_t* index, T* dst, const ScatterShape& shape) {
  for (int64_t i = 0; i < shape.rows; ++i) {
    for (int64_t j = 0; j < shape.width; ++j) dst[index[i] * shape.width + j] = x[i * shape.width + j];
  }
}

}  // namespace pope::reference
