#pragma once

#include <cmath>
#include <cstdint>

namespace pope::reference {

template <class T>
void rms_norm_backward(const T* x, const T* weight, const T* dy, T* dx, T* dweight, int64_t rows, int64_t width,
                       double eps) {
  for (int64_t i = 0; i < rows; ++i) {
    const T *row = x + i * width, *g = dy + i * width;
    T squares = 0, dot = 0;
    for (int64_t j = 0; j < width; ++j) {
      squares += row[j] * row[j];
      dot += weight[j] * g[j] * row[j];
    }
    const T scale = 1 / std::sqrt(squares / T(width) + T(eps));
    for (int64_t j = 0; j < width; ++j) {
      dx[i * width + j] = scale * (weight[j] * g[j] - row[j] * scale * scale * dot / T(width));
      if (dweight) dweight[j] += g[j] * row[j] * scale;
    }
  }
}

}  // namespace pope::reference
