// dropout: y[i] = x[i] / keep with probability `keep`, else 0. Element i is kept when uniform(word i % 4 of
// philox(counter = (i / 4, stream), key = seed)) < keep (random.h): the same seed and stream give the same mask, so the
// op is its own backward.
//   x, y [n]   0 < keep <= 1   y may be x
// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014), scaled in training.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct DropoutMask {
  uint64_t seed, stream;
  float keep;
};

void dropout(const float* x, float* y, int64_t n, const DropoutMask& mask, ThreadPool& pool);

}  // namespace pope
