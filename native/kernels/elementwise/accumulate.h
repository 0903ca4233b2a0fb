// fill:       y[i] = value
// accumulate: y[i] += scale x[i], how gradients that meet in one tensor are added up. x may be y.
//   x, y [n]
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void fill(float* y, int64_t n, float value, ThreadPool& pool);
void accumulate(const float* x, float* y, int64_t n, float scale, ThreadPool& pool);

}  // namespace pope
