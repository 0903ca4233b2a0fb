// The elements of AdamW, one copy per instruction set: roots and quotients of single numbers would take longer than memory.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

// What all elements share (adamw.h).
struct AdamwFactors {
  float gradient;  // of clipping
  float beta1, beta2;  // what is kept of the moments
  float new1, new2;  // 1 - beta1, 1 - beta2
  float decay;  // 1 - lr weight_decay
  float rate;  // sign lr / (1 - beta1^step)
  float root_correction;  // 1 / sqrt(1 - beta2^step)
  float eps;
};

struct AdamwKernels {
  void (*adamw)(const AdamwFactors& factors, const float* gradient, float* p, float* m, float* v, int64_t count);
};

POPE_DECLARE_TIERS(extern const AdamwKernels adamw_kernels;)

}  // namespace pope
