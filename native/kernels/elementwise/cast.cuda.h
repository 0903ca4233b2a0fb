// cast on a GPU (formulas in cast.h).
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void cast_f16(const uint16_t* bits, float* out, int64_t n, Stream& stream);
void cast_bf16(const uint16_t* bits, float* out, int64_t n, Stream& stream);

}  // namespace pope::cuda
