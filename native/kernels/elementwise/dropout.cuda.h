// dropout on a GPU (formula in dropout.h).
#pragma once

#include "cuda/stream.h"
#include "kernels/elementwise/dropout.h"

namespace pope::cuda {

void dropout(const float* x, const int32_t* places, float* y, int64_t rows, int64_t width, const DropoutMask& mask,
             Stream& stream);

}  // namespace pope::cuda
