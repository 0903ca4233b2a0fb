// rope and its backward on a GPU (formulas in rope.h). A row whose position is outside the table becomes NaN.
#pragma once

#include "cuda/stream.h"
#include "kernels/rope/rope.h"

namespace pope::cuda {

void rope(const float* x, const int32_t* positions, const float* cos, const float* sin, float* out,
          const RopeShape& shape, Stream& stream);
void rope_backward(const float* dy, const int32_t* positions, const float* cos, const float* sin, float* dx,
                   const RopeShape& shape, Stream& stream);

}  // namespace pope::cuda
