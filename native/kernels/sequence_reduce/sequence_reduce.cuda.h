// sequence_reduce on a GPU: a warp per response, sums in double. Arguments as on the CPU with device pointers; offsets
// that are no cut of the tokens are reported.
#pragma once

#include "cuda/stream.h"
#include "pope.h"

namespace pope::cuda {

void sequence_reduce(const pope_sequence_reduce_args& args, Stream& stream);

}  // namespace pope::cuda
