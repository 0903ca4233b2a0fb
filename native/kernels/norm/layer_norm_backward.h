// layer_norm_backward: with y = n weight + bias, n = (x - mean) s, s = 1 / sqrt(variance + eps) and g = weight dy in every
// row,
//   dx_j = s (g_j - mean_i g_i - n_j mean_i g_i n_i)
//   dweight_j += sum over the rows of dy_j n_j     dbias_j += sum over the rows of dy_j
//   x, dy, dx [rows, width]   weight, dweight, dbias [width]; dweight and dbias may be nullptr
// All sums are in double.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, float* dbias,
                         int64_t rows, int64_t width, double eps, ThreadPool& pool);

}  // namespace pope
