// columns and its backward on a GPU (formulas in columns.h and columns_backward.h).
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void columns(const float* x, float* out, int64_t rows, int64_t width, int64_t start, int64_t count, Stream& stream);
void columns_backward(const float* dy, float* dx, int64_t rows, int64_t width, int64_t start, int64_t count,
                      Stream& stream);

}  // namespace pope::cuda
