#include "kernels/elementwise/columns.h"

#include <algorithm>

namespace pope {

namespace {

constexpr int64_t kGrain = 16;  // rows

}  // namespace

void columns(const float* x, float* out, int64_t rows, int64_t width, int64_t start, int64_t count, ThreadPool& pool) {
  pool.parallel_for(rows, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::copy_n(x + i * width + start, count, out + i * count);
  });
}

}  // namespace pope
