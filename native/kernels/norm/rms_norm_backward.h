// rms_norm_backward: with y = x s weight and s = 1 / sqrt(mean_j x_j^2 + eps) in every row,
//   dx_j = s (weight_j dy_j - x_j s^2 mean_i weight_i dy_i x_i)      dweight_j += sum over the rows of dy_j x_j s
//   x, dy, dx [rows, width]   weight, dweight [width]; dweight may be nullptr
// All sums are in double.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, int64_t rows,
                       int64_t width, double eps, ThreadPool& pool);

}  // namespace pope
