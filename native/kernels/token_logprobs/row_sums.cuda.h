// One row of logits read by one block: the running sums of softmax_sums.h, in float, and the loop over a row of any
// width by packs of 16 bytes.
#pragma once

#include <cstdint>

#include "cuda/cuda.h"
#include "cuda/math.h"

namespace pope::cuda {

// Below any difference of logits that matters, and small enough for products with sums: stands for -inf, of which
// 0 * -inf would be NaN.
constexpr float kFarBelow = -1e30f;

struct RowSums {
  float max = -INFINITY;
  float sum = 0;       // sum_v exp(z_v - max)
  float weighted = 0;  // sum_v (z_v - max) exp(z_v - max)
};

// The same sums relative to a larger maximum; of no mass at all they stay 0, NaN stays NaN.
__device__ inline RowSums lower(const RowSums& sums, float max) {
  const float shift = fmaxf(sums.max - max, kFarBelow), factor = fast_exp(shift);
  return {max, factor * sums.sum, factor * (sums.weighted + shift * sums.sum)};
}

// Adds n logits. NaN and +inf make `sum` NaN; -inf adds nothing.
template <int n>
__device__ inline void add(RowSums& sums, const float (&z)[n]) {
  float max = sums.max;
#pragma unroll
  for (int i = 0; i < n; ++i) max = fmaxf(max, z[i]);
  if (max > sums.max) sums = lower(sums, max);
  const float origin = max == -INFINITY ? 0.0f : max;
#pragma unroll
  for (int i = 0; i < n; ++i) {
    const float difference = z[i] - origin, e = fast_exp(difference);
    sums.sum += e;
    sums.weighted += fmaxf(difference, kFarBelow) * e;
  }
}

// Those of two parts of a row.
__device__ inline RowSums merge(const RowSums& a, const RowSums& b) {
  const float max = fmaxf(a.max, b.max);
  const RowSums x = lower(a, max), y = lower(b, max);
  return {max, x.sum + y.sum, x.weighted + y.weighted};
}

// Those of all threads of a block, in every thread. First the maximum of all: then every thread lowers its sums once, not
// at every step of the reduction.
template <int kThreads>
__device__ inline RowSums block_total(const RowSums& sums) {
  const float max = block_reduce<kThreads>(sums.max, [](float a, float b) { return fmaxf(a, b); });
  const RowSums lowered = lower(sums, max);
  return {max, block_sum<kThreads>(lowered.sum), block_sum<kThreads>(lowered.weighted)};
}

// Calls each_pack(address) for the packs of row[0..n) on 16-byte boundaries and each_element(address) for what lies
// before and behind them, spread over the threads of the block.
template <int kThreads, class T, class EachPack, class EachElement>
__device__ inline void for_row(T* row, int64_t n, const EachPack& each_pack, const EachElement& each_element) {
  constexpr int size = Pack<T>::size;
  const int64_t to_boundary = elements_to_boundary(row), head = to_boundary < n ? to_boundary : n;
  const int64_t packs = (n - head) / size, tail = head + packs * size;
  // At most size - 1 elements on either side.
  if (threadIdx.x < head) each_element(row + threadIdx.x);
#pragma unroll 4
  for (int64_t i = threadIdx.x; i < packs; i += kThreads) each_pack(row + head + i * size);
  if (tail + threadIdx.x < n) each_element(row + tail + threadIdx.x);
}

// The sums of row[0..n), in every thread. kOnce: nobody reads the row again.
template <int kThreads, bool kOnce, class T>
__device__ inline RowSums row_sums(const T* row, int64_t n) {
  RowSums sums;
  for_row<kThreads>(
      row, n,
      [&](const T* p) {
        const Pack<T> pack = kOnce ? load_pack_streaming(p) : load_pack(p);
        float z[Pack<T>::size];
#pragma unroll
        for (int i = 0; i < Pack<T>::size; ++i) z[i] = to_float(pack.at[i]);
        add(sums, z);
      },
      [&](const T* p) {
        const float z[1] = {to_float(*p)};
        add(sums, z);
      });
  return block_total<kThreads>(sums);
}

// As in softmax_sums.h.
__device__ inline float log_probability(const RowSums& row, float logit) { return (logit - row.max) - logf(row.sum); }
__device__ inline float entropy(const RowSums& row) { return logf(row.sum) - row.weighted / row.sum; }
__device__ inline float log_sum_exp(const RowSums& row) { return row.max + logf(row.sum); }

}  // namespace pope::cuda
