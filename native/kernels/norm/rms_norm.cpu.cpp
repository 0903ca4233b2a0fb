#include "kernels/norm/rms_norm.h"

#include <cmath>

#include "kernels/norm/sums.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8;  // rows

}  // namespace

void rms_norm(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps,
              ThreadPool& pool) {
  pool.parallel_for(rows, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* row = x + i * width;
      float* to = out + i * width;
      const double squares = sum_of(width, [=](int64_t j) { return static_cast<double>(row[j]) * row[j]; });
      const auto scale = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + eps));
      for (int64_t j = 0; j < width; ++j) to[j] = row[j] * scale * weight[j];
    }
  });
}

}  // namespace pope
