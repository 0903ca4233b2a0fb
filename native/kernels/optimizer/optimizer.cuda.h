// squared_sum and adamw on a GPU (formulas in squared_sum.h and adamw.h): all arrays in one launch. The norm, the clipping
// factor and the finite flag stay on the device. Sums are in double, over blocks of fixed size and then over the blocks.
#pragma once

#include <span>

#include "cuda/stream.h"
#include "kernels/optimizer/adamw.h"
#include "kernels/optimizer/squared_sum.h"

namespace pope::cuda {

void squared_sum(std::span<const GradientPart<float>> parts, double* total, Stream& stream);
void adamw(const double* squared_norm, std::span<const AdamwParameter<float>> parameters, int32_t* applied,
           const AdamwOptions& options, Stream& stream);

}  // namespace pope::cuda
