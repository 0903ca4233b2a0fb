#pragma once

#include <vector>

#include "kernels/decode/scatter_rows.h"
#include "kernels/elementwise/exact.reference.h"

namespace pope::reference {

template <class T>
void scatter_rows(const T* x, const int32_t* index, void* dst, int32_t dtype, const ScatterShape& shape) {
  std::vector<T> rows = exact<T>(dst, dtype, shape.capacity * shape.width);
  for (int64_t i = 0; i < shape.rows; ++i) {
    for (int64_t j = 0; j < shape.width; ++j) rows[index[i] * shape.width + j] = x[i * shape.width + j];
  }
  round_to(dst, dtype, rows);
}

}  // namespace pope::reference
