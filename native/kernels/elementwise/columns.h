// columns: out = x[:, start : start + count], one part of a fused projection.
//   x [rows, width]   out [rows, count]
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void columns(const float* x, float* out, int64_t rows, int64_t width, int64_t start, int64_t count, ThreadPool& pool);

}  // namespace pope
