// slate_value and slate_coefficients on a GPU: a thread per slate, in double, by the formulas that the CPU uses; sums over
// slates by one block in a fixed order. Arguments as on the CPU with device pointers; whatever the CPU refuses of a log or
// of a result is reported.
#pragma once

#include "cuda/stream.h"
#include "pope.h"

namespace pope::cuda {

void slate_value(const pope_slate_value_args& args, Stream& stream);
void slate_coefficients(const pope_slate_coefficients_args& args, Stream& stream);

}  // namespace pope::cuda
