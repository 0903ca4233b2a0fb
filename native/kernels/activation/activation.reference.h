#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace pope::reference {

template <class T>
void swiglu(const T* gate, const T* up, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
}

template <class T>
void gelu_tanh(const T* x, T* out, int64_t n) {
  const T factor = std::sqrt(2 / std::numbers::pi_v<T>);
  for (int64_t i = 0; i < n; ++i) {
    out[i] = x[i] / 2 * (1 + std::tanh(factor * (x[i] + T(0.044715) * x[i] * x[i] * x[i])));
  }
}

template <class T>
void gelu_erf(const T* x, T* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = x[i] / 2 * (1 + std::erf(x[i] / std::numbers::sqrt2_v<T>));
}

}  // namespace pope::reference
