// advance on a GPU (formula in advance.h).
#pragma once

#include "cuda/stream.h"
#include "kernels/decode/advance.h"

namespace pope::cuda {

void advance(const Advance<float>& a, Stream& stream);

}  // namespace pope::cuda
