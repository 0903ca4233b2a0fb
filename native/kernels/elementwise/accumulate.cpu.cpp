#include "kernels/elementwise/accumulate.h"

#include <algorithm>

namespace pope {

namespace {

constexpr int64_t kGrain = 32768;  // elements, as in add

}  // namespace

void fill(float* y, int64_t n, float value, ThreadPool& pool) {
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) { std::fill(y + begin, y + end, value); });
}

void accumulate(const float* x, float* y, int64_t n, float scale, ThreadPool& pool) {
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] += scale * x[i];
  });
}

}  // namespace pope
