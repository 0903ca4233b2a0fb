// scatter_rows on a GPU (formula and dtype in scatter_rows.h). Where several rows have one destination the last one is written, as
// on the CPU. A bad index is reported and its row left out; the others are written.
#pragma once

#include "cuda/stream.h"
#include "kernels/decode/scatter_rows.h"

namespace pope::cuda {

void scatter_rows(const float* x, const int32_t* index, void* dst, int32_t dtype, const ScatterShape& shape,
                  Stream& stream);

}  // namespace pope::cuda
