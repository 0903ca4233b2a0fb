// rms_norm: out[i] = x[i] / sqrt(mean_j x[i, j]^2 + eps) * weight
//   x [rows, width]   weight [width]   out [rows, width]
// Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019). The mean is accumulated in double.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void rms_norm(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps,
              ThreadPool& pool);

}  // namespace pope
