// The rows of the normalisations, one copy per instruction set. Formulas stand in rms_norm.h, layer_norm.h and their
// backward halves. All arrays are of `rows` whole rows, parameters of one; weight_sums and bias_sums [width], to which the
// terms of the parameters' gradients are added, may be nullptr.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct NormKernels {
  void (*rms_norm)(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps);
  void (*rms_norm_backward)(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                            int64_t rows, int64_t width, double eps);
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                     double eps);
  void (*layer_norm_backward)(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                              double* bias_sums, int64_t rows, int64_t width, double eps);
};

POPE_DECLARE_TIERS(extern const NormKernels norm_kernels;)

}  // namespace pope
