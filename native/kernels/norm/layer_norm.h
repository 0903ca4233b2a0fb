// layer_norm: out[i] = (x[i] - mean) / sqrt(variance + eps) * weight + bias, mean and variance (divided by width) over
// the row i.
//   x [rows, width]   weight, bias [width]   out [rows, width]
// Ba, Kiros and Hinton, "Layer Normalization" (2016). Mean and variance are accumulated in double, in two passes.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void layer_norm(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                double eps, ThreadPool& pool);

}  // namespace pope
