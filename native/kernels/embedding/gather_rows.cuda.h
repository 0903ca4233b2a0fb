// gather_rows and embedding on a GPU (formula and dtype in gather_rows.h). The row of a bad index becomes NaN.
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void gather_rows(const char* op, const void* x, int32_t dtype, const int32_t* index, float* out, int64_t rows,
                 int64_t width, int64_t count, Stream& stream);

// What a refused index says, with the position and the index in it.
DescribeRefusal describe_index(const char* op, int64_t rows);

}  // namespace pope::cuda
