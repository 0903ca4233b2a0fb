// add, fill and accumulate on a GPU (formulas in add.h and accumulate.h).
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void add(const float* a, const float* b, float* out, int64_t n, Stream& stream);
void fill(float* y, int64_t n, float value, Stream& stream);
void accumulate(const float* x, float* y, int64_t n, float scale, Stream& stream);

}  // namespace pope::cuda
