#pragma once

#include <cstdint>

namespace pope::reference {

template <class T>
void fill(T* y, int64_t n, T value) {
  for (int64_t i = 0; i < n; ++i) y[i] = value;
}

template <class T>
void accumulate(const T* x, T* y, int64_t n, T scale) {
  for (int64_t i = 0; i < n; ++i) y[i] += scale * x[i];
}

}  // namespace pope::reference
