// Where the running sum of a sequence passes a target, found by one warp.
#pragma once

#include <cstdint>

#include "cuda/cuda.h"

namespace pope::cuda {

struct Crossing {
  int64_t index;
  uint64_t before;  // the sum of what comes before it
};

// The first i < n with value(0) + .. + value(i) > target, in every lane of the calling warp; there must be one. Value:
// uint64_t(int64_t i).
template <class Value>
__device__ inline Crossing find_crossing(int64_t n, uint64_t target, const Value& value) {
  const int lane = threadIdx.x % kWarp;
  uint64_t before = 0;
  for (int64_t first = 0; first < n; first += kWarp) {
    const uint64_t own = first + lane < n ? value(first + lane) : 0;
    uint64_t up_to = own;  // inclusive sum over the lanes
#pragma unroll
    for (int distance = 1; distance < kWarp; distance *= 2) {
      const unsigned low = __shfl_up_sync(kFullWarp, static_cast<unsigned>(up_to), distance);
      const unsigned high = __shfl_up_sync(kFullWarp, static_cast<unsigned>(up_to >> 32), distance);
      if (lane >= distance) up_to += static_cast<uint64_t>(high) << 32 | low;
    }
    const unsigned past = __ballot_sync(kFullWarp, before + up_to > target);
    const int at = past ? __ffs(static_cast<int>(past)) - 1 : kWarp - 1;
    const uint64_t sum = past ? up_to - own : up_to;
    const unsigned low = __shfl_sync(kFullWarp, static_cast<unsigned>(sum), at);
    const unsigned high = __shfl_sync(kFullWarp, static_cast<unsigned>(sum >> 32), at);
    before += static_cast<uint64_t>(high) << 32 | low;
    if (past) return {first + at, before};
  }
  return {n - 1, before};
}

}  // namespace pope::cuda
