#pragma once

#include <cmath>
#include <cstdint>

namespace pope::reference {

template <class T>
void layer_norm(const T* x, const T* weight, const T* bias, T* out, int64_t rows, int64_t width, double eps) {
  for (int64_t i = 0; i < rows; ++i) {
    const T* row = x + i * width;
    T mean = 0;
    for (int64_t j = 0; j < width; ++j) mean += row[j] / T(width);
    T variance = 0;
    for (int64_t j = 0; j < width; ++j) variance += (row[j] - mean) * (row[j] - mean) / T(width);
    const T scale = 1 / std::sqrt(variance + T(eps));
    for (int64_t j = 0; j < width; ++j) out[i * width + j] = (row[j] - mean) * scale * weight[j] + bias[j];
  }
}

}  // namespace pope::reference
