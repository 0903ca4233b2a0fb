#include "kernels/norm/rms_norm_backward.h"

#include <cmath>
#include <vector>

#include "kernels/column_sums.h"
#include "kernels/norm/sums.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8;  // rows

}  // namespace

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, int64_t rows,
                       int64_t width, double eps, ThreadPool& pool) {
  std::vector<double> scales(rows);
  pool.parallel_for(rows, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float *row = x + i * width, *g = dy + i * width;
      float* to = dx + i * width;
      const double squares = sum_of(width, [=](int64_t j) { return static_cast<double>(row[j]) * row[j]; });
      const double dot = sum_of(width, [=](int64_t j) { return static_cast<double>(weight[j]) * g[j] * row[j]; });
      const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
      const double slope = scale * scale * dot / static_cast<double>(width);
      for (int64_t j = 0; j < width; ++j) {
        to[j] = static_cast<float>(scale * (static_cast<double>(weight[j]) * g[j] - row[j] * slope));
      }
      scales[i] = scale;
    }
  });
  if (!dweight) return;
  const auto term = [x, dy, width, scale = scales.data()](int64_t i, int64_t j) {
    return static_cast<double>(dy[i * width + j]) * x[i * width + j] * scale[i];
  };
  add_column_sums(dweight, rows, width, term, pool);
}

}  // namespace pope
