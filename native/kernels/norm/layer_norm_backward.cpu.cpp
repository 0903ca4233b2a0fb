#include "kernels/norm/layer_norm_backward.h"

#include <cmath>
#include <vector>

#include "kernels/column_sums.h"
#include "kernels/norm/sums.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8;  // rows

struct Moments {
  double mean, scale;
};

Moments moments_of(const float* row, int64_t width, double eps) {
  const double mean = sum_of(width, [=](int64_t j) { return row[j]; }) / static_cast<double>(width);
  const double squares = sum_of(width, [=](int64_t j) { return (row[j] - mean) * (row[j] - mean); });
  return {mean, 1.0 / std::sqrt(squares / static_cast<double>(width) + eps)};
}

}  // namespace

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, float* dbias,
                         int64_t rows, int64_t width, double eps, ThreadPool& pool) {
  std::vector<Moments> moments(rows);
  pool.parallel_for(rows, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float *row = x + i * width, *gradient = dy + i * width;
      moments[i] = moments_of(row, width, eps);
      const double mean = moments[i].mean, scale = moments[i].scale;
      const auto n = [=](int64_t j) { return (row[j] - mean) * scale; };
      const auto g = [=](int64_t j) { return static_cast<double>(weight[j]) * gradient[j]; };
      const double mean_g = sum_of(width, g) / static_cast<double>(width);
      const double mean_gn = sum_of(width, [=](int64_t j) { return g(j) * n(j); }) / static_cast<double>(width);
      for (int64_t j = 0; j < width; ++j) {
        dx[i * width + j] = static_cast<float>(scale * (g(j) - mean_g - n(j) * mean_gn));
      }
    }
  });
  if (dweight) {
    const auto term = [=, m = moments.data()](int64_t i, int64_t j) {
      return dy[i * width + j] * (x[i * width + j] - m[i].mean) * m[i].scale;
    };
    add_column_sums(dweight, rows, width, term, pool);
  }
  if (dbias) add_column_sums(dbias, rows, width, [=](int64_t i, int64_t j) { return dy[i * width + j]; }, pool);
}

}  // namespace pope
