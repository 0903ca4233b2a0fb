// add: out[i] = a[i] + b[i], the residual connection.
//   a, b [n]   out [n]   out may be the same memory as a or b
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

void add(const float* a, const float* b, float* out, int64_t n, ThreadPool& pool);

}  // namespace pope
