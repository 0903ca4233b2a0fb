#pragma once

#include <cstdint>

namespace pope::reference {

template <class T>
void columns_backward(const T* dy, T* dx, int64_t rows, int64_t width, int64_t start, int64_t count) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < count; ++j) dx[i * width + start + j] += dy[i * count + j];
  }
}

}  // namespace pope::reference
