// cast and narrow on a GPU (formulas in cast.h and narrow.h).
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void cast_f16(const uint16_t* bits, float* out, int64_t n, Stream& stream);
void cast_bf16(const uint16_t* bits, float* out, int64_t n, Stream& stream);

// dtype: POPE_F16 or POPE_BF16
void narrow(const float* values, uint16_t* bits, int64_t n, int64_t dtype, Stream& stream);

}  // namespace pope::cuda
