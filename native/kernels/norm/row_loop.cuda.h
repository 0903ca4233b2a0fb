// The loop over a row that the norms share: by one warp where rows are short (the heads of Qwen3), else by eight.
#pragma once

#include "cuda/floats.h"
#include "cuda/stream.h"

namespace pope::cuda {

constexpr int64_t kShortRow = 1024;

// Calls each(first) for every n-th column of a row, spread over the threads of the block.
template <int kThreads, int n, class Each>
__device__ inline void for_columns(int64_t width, const Each& each) {
  for (int64_t j = static_cast<int64_t>(threadIdx.x) * n; j < width; j += kThreads * n) each(j);
}

// The sum over all columns of a row, in every thread. Term: Floats<n>(int64_t first), those of n columns.
template <int kThreads, int n, class Term>
__device__ inline float row_sum(int64_t width, const Term& term) {
  float sum = 0;
  for_columns<kThreads, n>(width, [&](int64_t j) {
    const Floats<n> terms = term(j);
#pragma unroll
    for (int k = 0; k < n; ++k) sum += terms.at[k];
  });
  return block_sum<kThreads>(sum);
}

// Calls launch(threads, width), whose types hold the threads per block and the floats to move at once as ::value.
template <class Launch>
void by_row(int64_t width, bool wide, const Launch& launch) {
  by_width(wide, [&](auto floats) {
    width <= kShortRow ? launch(std::integral_constant<int, 32>{}, floats)
                       : launch(std::integral_constant<int, 256>{}, floats);
  });
}

}  // namespace pope::cuda
