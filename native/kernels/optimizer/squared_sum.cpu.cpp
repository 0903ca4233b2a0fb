#include "kernels/optimizer/squared_sum.h"

#include <vector>

namespace pope {

namespace {

constexpr int64_t kBlock = 16384;  // elements

double sum_of_squares(const float* x, int64_t n) {
  double sums[4] = {};  // one would wait for the adder at every element
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (int64_t lane = 0; lane < 4; ++lane) sums[lane] += static_cast<double>(x[i + lane]) * x[i + lane];
  }
  for (; i < n; ++i) sums[0] += static_cast<double>(x[i]) * x[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

void squared_sum(std::span<const GradientPart<float>> parts, double* total, ThreadPool& pool) {
  std::vector<double> sums;
  for (const auto& [data, count] : parts) {
    sums.assign(static_cast<size_t>((count + kBlock - 1) / kBlock), 0.0);
    pool.parallel_for(count, kBlock, [data = data, &sums](int64_t begin, int64_t end) {
      sums[static_cast<size_t>(begin / kBlock)] = sum_of_squares(data + begin, end - begin);
    });
    for (const double sum : sums) *total += sum;
  }
}

}  // namespace pope
