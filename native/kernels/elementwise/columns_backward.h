// columns_backward: dx[:, start : start + count] += dy. The parts of a fused projection fill one gradient; columns that
// no part took keep what they hold.
//   dy [rows, count]   dx [rows, width]
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void columns_backward(const float* dy, float* dx, int64_t rows, int64_t width, int64_t start, int64_t count,
                      ThreadPool& pool);

}  // namespace pope
