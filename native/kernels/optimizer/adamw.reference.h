#pragma once

#include <cmath>

#include "kernels/optimizer/adamw.h"

namespace pope::reference {

template <class T>
void adamw(double squared_norm, std::span<const AdamwParameter<T>> parameters, int32_t* applied,
           const AdamwOptions& options) {
  const auto [lr, beta1, beta2, eps, weight_decay, step, max_norm, sign] = options;
  *applied = std::isfinite(squared_norm) ? 1 : 0;
  if (!*applied) return;
  for (const auto& [gradient, p, m, v, count] : parameters) {
    for (int64_t i = 0; i < count; ++i) {
      const T g = clipping_factor(squared_norm, max_norm) * gradient[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const T mean = m[i] / (1 - std::pow(beta1, step)), square = v[i] / (1 - std::pow(beta2, step));
      p[i] = (1 - lr * weight_decay) * p[i] + sign * lr * mean / (std::sqrt(square) + eps);
    }
  }
}

}  // namespace pope::reference
