// The loops of cast and narrow (formulas in cast.h and narrow.h), one copy per instruction set. The arrays do not
// overlap.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct HalfKernels {
  void (*cast_f16)(const uint16_t* bits, float* out, int64_t n);
  void (*cast_bf16)(const uint16_t* bits, float* out, int64_t n);
  void (*narrow_f16)(const float* values, uint16_t* bits, int64_t n);
  void (*narrow_bf16)(const float* values, uint16_t* bits, int64_t n);
};

POPE_DECLARE_TIERS(extern const HalfKernels half_kernels;)

}  // namespace pope
