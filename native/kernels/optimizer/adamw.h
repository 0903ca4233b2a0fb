// adamw: one step of AdamW on all parameters at once, with the gradients clipped by their global norm.
//   norm = sqrt(squared norm)   factor = max_norm / norm where max_norm > 0 and norm > max_norm, else 1
//   g = factor * gradient
//   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
//   p = (1 - lr weight_decay) p + sign lr (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
// sign +1 ascends, -1 descends; the moments are those of the gradient itself. Loshchilov and Hutter, "Decoupled Weight
// Decay Regularization" (2019); bias correction: Kingma and Ba, "Adam" (2015); clipping: Pascanu, Mikolov and Bengio
// (2013).
//   squared_norm [1]   per parameter: gradient, p, m, v [count]   applied [1]
//
// A norm that is not finite leaves everything as it is, and `applied` 0 instead of 1: one bad batch does not destroy a
// model.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "core/thread_pool.h"
#include "kernels/host_device.h"

namespace pope {

struct AdamwOptions {
  double lr, beta1, beta2, eps, weight_decay;
  double step;      // 1 for the first
  double max_norm;  // 0: no clipping
  double sign;
};

template <class T>
struct AdamwParameter {
  const T* gradient;
  T *p, *m, *v;
  int64_t count;
};

// The factor on the gradients.
POPE_HOST_DEVICE inline double clipping_factor(double squared_norm, double max_norm) {
  const double norm = std::sqrt(squared_norm);
  return max_norm > 0 && norm > max_norm ? max_norm / norm : 1.0;
}

void adamw(double squared_norm, std::span<const AdamwParameter<float>> parameters, int32_t* applied,
           const AdamwOptions& options, ThreadPool& pool);

}  // namespace pope
