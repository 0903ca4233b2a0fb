// column_sums.h on a GPU: out[j] += sum_i term(i, j). The rows are cut into chunks by their number alone; a chunk's sums
// are made in float by blocks of 8 x 32 threads, and those of the chunks are added up in double in their order: the bits
// do not depend on the device.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/cuda.h"
#include "cuda/stream.h"

namespace pope::cuda {

constexpr int kColumnSumsThreads = 256;

template <class Term>
__global__ void __launch_bounds__(kColumnSumsThreads)
    chunk_sums_kernel(Term term, int64_t rows, int64_t width, int64_t chunk_rows, float* chunk_sums) {
  constexpr int kTogether = kColumnSumsThreads / kWarp;  // rows at once
  POPE_SHARED(float, partial, kColumnSumsThreads);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kWarp + lane, begin = blockIdx.y * chunk_rows;
  const int64_t end = begin + chunk_rows < rows ? begin + chunk_rows : rows;
  float sum = 0;
  if (column < width) {
#pragma unroll 4
    for (int64_t i = begin + warp; i < end; i += kTogether) sum += term(i, column);
  }
  partial[threadIdx.x] = sum;
  __syncthreads();
  if (warp > 0 || column >= width) return;
#pragma unroll
  for (int w = 1; w < kTogether; ++w) sum += partial[w * kWarp + lane];
  chunk_sums[blockIdx.y * width + column] = sum;
}

static __global__ void __launch_bounds__(kColumnSumsThreads)
    add_chunk_sums_kernel(const float* chunk_sums, int chunks, int64_t width, float* out) {
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kColumnSumsThreads + threadIdx.x;
  if (column >= width) return;
  double sum = out[column];
  for (int c = 0; c < chunks; ++c) sum += chunk_sums[c * width + column];
  out[column] = static_cast<float>(sum);
}

// The term of a plain matrix [rows, width].
struct MatrixElement {
  const float* matrix;
  int64_t width;
  __device__ float operator()(int64_t i, int64_t j) const { return matrix[i * width + j]; }
};

// Term: float operator()(int64_t i, int64_t j) const, on the device.
template <class Term>
void add_column_sums(float* out, int64_t rows, int64_t width, const Term& term, Stream& stream) {
  if (rows == 0 || width == 0) return;
  constexpr int64_t kLeastRows = 128, kMostChunks = 1024;
  const int64_t chunk_rows = std::max(kLeastRows, (rows + kMostChunks - 1) / kMostChunks);
  const auto chunks = static_cast<unsigned>((rows + chunk_rows - 1) / chunk_rows);
  const auto sums = stream.scratch<float>(chunks * width);
  const dim3 grid(static_cast<unsigned>((width + kWarp - 1) / kWarp), chunks);
  POPE_LAUNCH((chunk_sums_kernel<Term>), grid, kColumnSumsThreads, 0, stream.handle(), term, rows, width, chunk_rows,
              sums.data());
  const auto blocks = static_cast<unsigned>((width + kColumnSumsThreads - 1) / kColumnSumsThreads);
  POPE_LAUNCH(add_chunk_sums_kernel, blocks, kColumnSumsThreads, 0, stream.handle(), sums.data(),
              static_cast<int>(chunks), width, out);
}

}  // namespace pope::cuda
