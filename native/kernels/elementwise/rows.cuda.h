// Row by row: each(row, column) for all elements of a matrix, or for every fourth, a block of threads per row. `Each` has
//   template <int n> __device__ void at(int64_t row, int64_t column) const     for the n columns from `column` on
#pragma once

#include <algorithm>

#include "cuda/floats.h"
#include "cuda/stream.h"

namespace pope::cuda {

constexpr int kMostRowThreads = 256;

template <int n, class Each>
__global__ void __launch_bounds__(kMostRowThreads) rows_kernel(int64_t rows, int64_t width, Each each) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    for (int64_t j = static_cast<int64_t>(threadIdx.x) * n; j < width; j += static_cast<int64_t>(blockDim.x) * n) {
      each.template at<n>(row, j);
    }
  }
}

// wide: four columns at a time; `width` is then a multiple of four.
template <class Each>
void for_rows(int64_t rows, int64_t width, bool wide, const Each& each, Stream& stream) {
  if (rows == 0 || width == 0) return;
  by_width(wide, [&](auto columns) {
    constexpr int n = decltype(columns)::value;
    const int64_t warps = (width / n + kWarp - 1) / kWarp;
    const auto threads = static_cast<unsigned>(std::clamp<int64_t>(warps * kWarp, kWarp, kMostRowThreads));
    POPE_LAUNCH((rows_kernel<n, Each>), blocks_of_rows(rows), threads, 0, stream.handle(), rows, width, each);
  });
}

// each.check(row) for all rows.
template <class Each>
__global__ void __launch_bounds__(kMostRowThreads) row_checks_kernel(int64_t rows, Each each) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kMostRowThreads;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kMostRowThreads + threadIdx.x; row < rows; row += step) {
    each.check(row);
  }
}

// for_rows for an `Each` that checks its rows at column 0; where there are no columns only the checks, by
//   __device__ void check(int64_t row) const
template <class Each>
void for_checked_rows(int64_t rows, int64_t width, bool wide, const Each& each, Stream& stream) {
  if (width > 0) return for_rows(rows, width, wide, each, stream);
  if (rows == 0) return;
  POPE_LAUNCH(row_checks_kernel<Each>, stream.blocks(rows, kMostRowThreads), kMostRowThreads, 0, stream.handle(), rows,
              each);
}

}  // namespace pope::cuda
