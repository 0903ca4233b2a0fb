// The CUDA names that kernels use, in plain C++: what native/cuda/cuda.h includes instead of <cuda_runtime.h>. Only what
// the kernels of this project need; anything else does not compile and is added here with a test. Compile with
// -Wno-unknown-pragmas: GCC does not know `#pragma unroll`.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>
#include <tuple>
#include <utility>
#include <vector>

#include "simt/block.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define POPE_LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
  ::simt::launch(kernel, grid, block, shared_bytes, stream __VA_OPT__(, ) __VA_ARGS__)
// A variable of the call's own stands for the place: each instance of a template has its own.
#define POPE_SHARED(type, name, count)  \
  static const char name##_site = 0;    \
  type* const name = static_cast<type*>(::simt::shared_array(&name##_site, sizeof(type) * (count)))
#define POPE_SHARED_DYNAMIC(type, name) type* const name = static_cast<type*>(::simt::dynamic_shared_array())

#define threadIdx (::simt::current_place->thread)
#define blockIdx (::simt::current_place->block)
#define blockDim (::simt::current_place->block_size)
#define gridDim (::simt::current_place->grid_size)
#define warpSize 32

using simt::dim3;
using simt::uint3;
using cudaStream_t = struct CUstream_st*;  // never looked at: a stream runs at once, nothing is ever in flight

namespace simt {

// While there is a list, what a stream is given goes there instead of being run, as into a graph of CUDA.
using Captured = std::vector<std::function<void()>>;
inline thread_local Captured* captured = nullptr;

template <class Run>
void run_or_capture(const Run& run) {
  if (captured) {
    captured->push_back(run);
  } else {
    run();
  }
}

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t dynamic_bytes, cudaStream_t, Arguments&&... a) {
  const std::tuple<Parameters...> arguments(std::forward<Arguments>(a)...);
  run_or_capture([=] {
    run_grid(reinterpret_cast<const void*>(kernel), grid, block, dynamic_bytes,
             [&] { std::apply(kernel, arguments); });
  });
}

using Where = std::source_location;

template <class T>
uint64_t word_of(const T& value) {
  static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable_v<T>);
  uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}

template <class T>
T value_of(uint64_t word) {
  T value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

// What `source` brings, if it lies in the caller's segment of `width` lanes, else the caller's own value. From a lane
// outside of the mask comes garbage, as on a GPU.
template <class T>
T shuffle(unsigned mask, const T& value, int source, bool inside, const Where& where) {
  const uint64_t word = word_of(value);
  const Exchange& all = exchange(mask, &word, 1, where);
  return value_of<T>(all.words[inside ? source : lane()][0]);
}

}  // namespace simt

struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

inline void __syncthreads(simt::Where where = simt::Where::current()) { simt::sync_block(where); }
inline void __syncwarp(unsigned mask = 0xffffffffu, simt::Where where = simt::Where::current()) {
  simt::sync_warp(mask, where);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, simt::Where where = simt::Where::current()) {
  return simt::shuffle(mask, value, simt::lane() / width * width + (source & (width - 1)), true, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, simt::Where where = simt::Where::current()) {
  const int source = simt::lane() ^ lane_mask;
  return simt::shuffle(mask, value, source, source / width <= simt::lane() / width, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, int delta, int width = 32, simt::Where where = simt::Where::current()) {
  const int source = simt::lane() + delta;
  return simt::shuffle(mask, value, source, source / width == simt::lane() / width, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, int delta, int width = 32, simt::Where where = simt::Where::current()) {
  const int source = simt::lane() - delta;
  return simt::shuffle(mask, value, source, source >= simt::lane() / width * width, where);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  const uint64_t word = predicate != 0;
  const simt::Exchange& all = simt::exchange(mask, &word, 1, where);
  unsigned ballot = 0;
  for (int lane = 0; lane < 32; ++lane) ballot |= unsigned{(mask >> lane & 1) && all.words[lane][0] == 1} << lane;
  return ballot;
}
inline int __any_sync(unsigned mask, int predicate, simt::Where where = simt::Where::current()) {
  return __ballot_sync(mask, predicate, where) != 0;
}

// Relaxed, as a GPU's are: they order nothing but themselves. TSan takes them for atomic.
template <class T>
T atomicAdd(T* address, T value) {
  T seen;
  __atomic_load(address, &seen, __ATOMIC_RELAXED);
  for (;;) {
    T sum = seen + value;
    if (__atomic_compare_exchange(address, &seen, &sum, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return seen;
  }
}
template <class T>
T atomicMin(T* address, T value) {
  T seen = __atomic_load_n(address, __ATOMIC_RELAXED);
  while (value < seen && !__atomic_compare_exchange_n(address, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return seen;
}
template <class T>
T atomicCAS(T* address, T expected, T desired) {
  __atomic_compare_exchange_n(address, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// Hints where to cache what is read and written.
template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcs(const T* p) {
  return *p;
}
template <class T>
void __stcs(T* p, const T& value) {
  *p = value;
}

// The fast forms: rounded as the host rounds.
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline int __ffs(int bits) { return std::countr_zero(static_cast<unsigned>(bits)) % 32 + (bits != 0); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }

using std::isfinite;
using std::isinf;
using std::isnan;
using std::max;
using std::min;
