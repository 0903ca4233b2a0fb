#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace pope::reference {

template <class T>
void layer_norm_backward(const T* x, const T* weight, const T* dy, T* dx, T* dweight, T* dbias, int64_t rows,
                         int64_t width, double eps) {
  for (int64_t i = 0; i < rows; ++i) {
    const T *row = x + i * width, *gradient = dy + i * width;
    T mean = 0;
    for (int64_t j = 0; j < width; ++j) mean += row[j] / T(width);
    T variance = 0;
    for (int64_t j = 0; j < width; ++j) variance += (row[j] - mean) * (row[j] - mean) / T(width);
    const T scale = 1 / std::sqrt(variance + T(eps));
    std::vector<T> n(width), g(width);
    T mean_g = 0, mean_gn = 0;
    for (int64_t j = 0; j < width; ++j) {
      n[j] = (row[j] - mean) * scale;
      g[j] = weight[j] * gradient[j];
      mean_g += g[j] / T(width);
      mean_gn += g[j] * n[j] / T(width);
    }
    for (int64_t j = 0; j < width; ++j) {
      dx[i * width + j] = scale * (g[j] - mean_g - n[j] * mean_gn);
      if (dweight) dweight[j] += gradient[j] * n[j];
      if (dbias) dbias[j] += gradient[j];
    }
  }
}

}  // namespace pope::reference
