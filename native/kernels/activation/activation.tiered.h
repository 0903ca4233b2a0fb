// The loops of the activation kernels that want vectors of e^x, one copy per instruction set.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct ActivationKernels {
  void (*swiglu)(const float* gate, const float* up, float* out, int64_t n);
  void (*gelu_tanh)(const float* x, float* out, int64_t n);
  void (*swiglu_backward)(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n);
  void (*gelu_tanh_backward)(const float* x, const float* dy, float* dx, int64_t n);
};

POPE_DECLARE_TIERS(extern const ActivationKernels activation_kernels;)

}  // namespace pope
