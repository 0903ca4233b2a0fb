// The gradient of a parameter that every row shares, where a pass over the rows makes its terms beside something else: each
// block of rows has sums of its own, in double, which are added in order. The bits do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include "core/thread_pool.h"
#include "kernels/column_sums.h"

namespace pope {

class BlockSums {
 public:
  static constexpr int64_t kRows = 32;  // of a block; the sums take a sixteenth of the memory of the rows

  // Empty where the parameter has no gradient.
  BlockSums(const float* gradient, int64_t rows, int64_t width)
      : width_(width), sums_(gradient ? (rows + kRows - 1) / kRows * width : 0) {}

  // Those of the block that starts at `row`, [width]; nullptr where the parameter has no gradient.
  double* of(int64_t row) { return sums_.empty() ? nullptr : sums_.data() + row / kRows * width_; }

  // gradient[j] += the sum over the blocks
  void add_to(float* gradient, ThreadPool& pool) const {
    if (sums_.empty()) return;
    const auto term = [sums = sums_.data(), width = width_](int64_t i, int64_t j) { return sums[i * width + j]; };
    add_column_sums(gradient, static_cast<int64_t>(sums_.size()) / width_, width_, term, pool);
  }

 private:
  int64_t width_;
  std::vector<double> sums_;
};

}  // namespace pope
