// weights on a GPU: a thread per slate, in double, by the formulas that the CPU uses. Arguments as on the CPU with device
// pointers; offsets, numbers and weights that the CPU refuses are reported.
#pragma once

#include "cuda/stream.h"
#include "pope.h"

namespace pope::cuda {

void weights(const pope_weights_args& args, Stream& stream);

}  // namespace pope::cuda
