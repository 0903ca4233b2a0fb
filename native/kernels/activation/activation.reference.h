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

template <class T>
void swiglu_backward(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T sigmoid = 1 / (1 + std::exp(-gate[i]));
    dgate[i] = dy[i] * up[i] * sigmoid * (1 + gate[i] * (1 - sigmoid));
    dup[i] = dy[i] * gate[i] * sigmoid;
  }
}

template <class T>
void gelu_tanh_backward(const T* x, const T* dy, T* dx, int64_t n) {
  const T factor = std::sqrt(2 / std::numbers::pi_v<T>);
  for (int64_t i = 0; i < n; ++i) {
    const T t = std::tanh(factor * (x[i] + T(0.044715) * x[i] * x[i] * x[i]));
    const T slope = factor * (1 + 3 * T(0.044715) * x[i] * x[i]);
    dx[i] = dy[i] * ((1 + t) / 2 + x[i] / 2 * (1 - t * t) * slope);
  }
}

template <class T>
void gelu_erf_backward(const T* x, const T* dy, T* dx, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T density = std::exp(-x[i] * x[i] / 2) / std::sqrt(2 * std::numbers::pi_v<T>);
    dx[i] = dy[i] * ((1 + std::erf(x[i] / std::numbers::sqrt2_v<T>)) / 2 + x[i] * density);
  }
}

}  // namespace pope::reference
