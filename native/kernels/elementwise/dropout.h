// dropout: y[r][j] = x[r][j] / keep with probability `keep`, else 0. Element j of row r is kept when
// uniform(word j % 4 of philox(counter = (j / 4, places[r]), key = fold(seed, stream))) < keep (random.h): the mask of a row
// follows from what the row is, not from where a batch has it, so that no packing can change it; and the op is its own
// backward.
//   x, y [rows, width]   places i32 [rows, 3], any three numbers that tell rows apart   0 < keep <= 1   y may be x
// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014), scaled in training.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct DropoutMask {
  uint64_t seed, stream;
  float keep;
};

void dropout(const float* x, const int32_t* places, float* y, int64_t rows, int64_t width, const DropoutMask& mask,
             ThreadPool& pool);

}  // namespace pope
