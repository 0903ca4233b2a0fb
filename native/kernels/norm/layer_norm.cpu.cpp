#include "kernels/norm/layer_norm.h"

#include <cmath>

#include "kernels/norm/sums.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8;  // rows

}  // namespace

void layer_norm(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                double eps, ThreadPool& pool) {
  pool.parallel_for(rows, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* row = x + i * width;
      float* to = out + i * width;
      const double mean = sum_of(width, [=](int64_t j) { return row[j]; }) / static_cast<double>(width);
      const double squares = sum_of(width, [=](int64_t j) { return (row[j] - mean) * (row[j] - mean); });
      const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
      for (int64_t j = 0; j < width; ++j) {
        to[j] = static_cast<float>((row[j] - mean) * scale) * weight[j] + bias[j];
      }
    }
  });
}

}  // namespace pope
