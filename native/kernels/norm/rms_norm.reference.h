#pragma once

#include <cmath>
#include <cstdint>

namespace pope::reference {

template <class T>
void rms_norm(const T* x, const T* weight, T* out, int64_t rows, int64_t width, double eps) {
  for (int64_t i = 0; i < rows; ++i) {
    const T* row = x + i * width;
    T squares = 0;
    for (int64_t j = 0; j < width; ++j) squares += row[j] * row[j];
    const T scale = 1 / std::sqrt(squares / T(width) + T(eps));
    for (int64_t j = 0; j < width; ++j) out[i * width + j] = row[j] * scale * weight[j];
  }
}

}  // namespace pope::reference
