#include "kernels/elementwise/cast.h"

#include "core/cpu.h"
#include "kernels/elementwise/half.tiered.h"
#include "kernels/elementwise/narrow.h"
#include "pope.h"

namespace pope {

void cast(const uint16_t* bits, float* out, int64_t n, int32_t dtype) {
  const HalfKernels& kernels = POPE_ACTIVE_TIER(half_kernels);
  (dtype == POPE_F16 ? kernels.cast_f16 : kernels.cast_bf16)(bits, out, n);
}

void narrow(const float* values, uint16_t* bits, int64_t n, int32_t dtype) {
  const HalfKernels& kernels = POPE_ACTIVE_TIER(half_kernels);
  (dtype == POPE_F16 ? kernels.narrow_f16 : kernels.narrow_bf16)(values, bits, n);
}

}  // namespace pope
