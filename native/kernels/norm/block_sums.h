// The gradient of a parameter that every row shares, where a pass over the rows makes its terms beside something else: each
// block of rows has sums of its own, in double, which are added in order. The bits do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/column_sums.h"

namespace pope {

class BlockSums {
 public:
  static constexpr int64_t kRows = 32;  // of a block; the sums take a sixteenth of the memory of the rows

  // None where the parameter has no gradient. `memory` is not to be used for anything else meanwhile.
  BlockSums(Scratch& memory, const float* gradient, int64_t rows, int64_t width)
      : width_(width),
        blocks_(gradient ? (rows + kRows - 1) / kRows : 0),
        sums_(gradient ? reinterpret_cast<double*>(memory.floats(2 * blocks_ * width)) : nullptr) {}

  // Those of the block that starts at `row`, [width], zero; nullptr where the parameter has no gradient.
  double* start(int64_t row) {
    if (!sums_) return nullptr;
    double* sums = sums_ + row / kRows * width_;
    std::fill(sums, sums + width_, 0.0);
    return sums;
  }

  // gradient[j] += the sum over the blocks, each of which has been started
  void add_to(float* gradient, ThreadPool& pool) const {
    if (!sums_) return;
    const auto term = [sums = sums_, width = width_](int64_t i, int64_t j) { return sums[i * width + j]; };
    add_column_sums(gradient, blocks_, width_, term, pool);
  }

 private:
  int64_t width_, blocks_;
  double* sums_;
};

}  // namespace pope
