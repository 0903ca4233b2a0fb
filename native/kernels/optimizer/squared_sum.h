// squared_sum: total += sum over all parts of sum_i x[i]^2, the square of the global norm of the gradients, in double.
//   parts: any number of arrays of any sizes   total [1]
// Blocks of fixed size are summed apart and added in their order: the bits do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <span>

#include "core/thread_pool.h"

namespace pope {

template <class T>
struct GradientPart {
  const T* data;
  int64_t count;
};

void squared_sum(std::span<const GradientPart<float>> parts, double* total, ThreadPool& pool);

}  // namespace pope
