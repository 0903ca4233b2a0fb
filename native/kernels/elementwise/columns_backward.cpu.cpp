#include "kernels/elementwise/columns_backward.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 16;  // rows

}  // namespace

void columns_backward(const float* dy, float* dx, int64_t rows, int64_t width, int64_t start, int64_t count,
                      ThreadPool& pool) {
  pool.parallel_for(rows, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* from = dy + i * count;
      float* to = dx + i * width + start;
      for (int64_t j = 0; j < count; ++j) to[j] += from[j];
    }
  });
}

}  // namespace pope
