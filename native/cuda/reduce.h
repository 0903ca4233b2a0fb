// Reductions over a warp and over a block. The order of the operations is fixed by the block's size alone, so the bits
// do not depend on the device; `combine` must be commutative in its bits, as a + b is: then every thread gets the same.
#pragma once

#include <cstdint>
#include <cstring>

namespace pope::cuda {

constexpr int kWarp = 32;
constexpr unsigned kFullWarp = 0xffffffffu;

// A value of any type of whole words from the lane `lane_mask` away.
template <class T>
__device__ inline T shuffle_xor(const T& value, int lane_mask) {
  static_assert(sizeof(T) % sizeof(uint32_t) == 0);
  constexpr int count = sizeof(T) / sizeof(uint32_t);
  uint32_t words[count];
  memcpy(words, &value, sizeof value);
#pragma unroll
  for (int i = 0; i < count; ++i) words[i] = __shfl_xor_sync(kFullWarp, words[i], lane_mask);
  T other;
  memcpy(&other, words, sizeof other);
  return other;
}

// combine over the 32 lanes, in every lane. T combine(T, T).
template <class T, class Combine>
__device__ inline T warp_reduce(T value, Combine combine) {
#pragma unroll
  for (int distance = kWarp / 2; distance > 0; distance /= 2) value = combine(value, shuffle_xor(value, distance));
  return value;
}

// combine over all threads of a block of kThreads (a multiple of 32, at most 1024), in every thread.
template <int kThreads, class T, class Combine>
__device__ inline T block_reduce(T value, Combine combine) {
  static_assert(kThreads % kWarp == 0 && kThreads <= kWarp * kWarp);
  constexpr int warps = kThreads / kWarp;
  value = warp_reduce(value, combine);
  if constexpr (warps > 1) {
    POPE_SHARED(T, partial, warps);
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    value = partial[0];
#pragma unroll
    for (int i = 1; i < warps; ++i) value = combine(value, partial[i]);
    __syncthreads();  // the next reduction writes the same memory
  }
  return value;
}

template <int kThreads, class T>
__device__ inline T block_sum(T value) {
  return block_reduce<kThreads>(value, [](T a, T b) { return a + b; });
}

}  // namespace pope::cuda
