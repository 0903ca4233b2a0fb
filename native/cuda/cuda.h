// What every .cu file includes, so that the same source is compiled by nvcc for GPUs and, with POPE_SIMT, by a C++
// compiler against native/simt, which runs it on the host.
//
// Three things are not C++ and therefore macros:
//   POPE_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...)   kernel<<<...>>>(...); a template in parentheses
//   POPE_SHARED(type, name, count)     an array in shared memory, `count` a constant
//   POPE_SHARED_DYNAMIC(type, name)    the launch's shared_bytes as an array; one per kernel. Above 48 KiB the launcher
//                                      calls allow_shared(kernel, shared_bytes) first
// Shared arrays are aligned to 16 bytes and hold garbage at first. Rules that the host run checks: every thread of a
// block reaches every __syncthreads, every lane of a mask reaches its warp function, so blocks are whole warps wherever
// a mask is full. Not for the shim: cooperative groups, clusters, grid-wide barriers, wgmma and TMA.
#pragma once

#include <cstddef>
#include <type_traits>

#ifdef POPE_SIMT
#include "simt/simt.h"

namespace pope::cuda {
template <class Kernel>
void allow_shared(Kernel* kernel, size_t bytes) {
  ::simt::allow_dynamic_bytes(reinterpret_cast<const void*>(kernel), bytes);
}
}  // namespace pope::cuda
#else
#include <cuda_runtime.h>

namespace pope::cuda {
template <class Kernel>
void allow_shared(Kernel* kernel, size_t bytes) {
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
}
}  // namespace pope::cuda

#define POPE_LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
  kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__)
#define POPE_SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define POPE_SHARED_DYNAMIC(type, name)                                        \
  extern __shared__ __align__(16) unsigned char pope_dynamic_shared_bytes[]; \
  type* const name = reinterpret_cast<type*>(pope_dynamic_shared_bytes)
#endif

namespace pope::cuda {

// What lies at `p` as one value, read or written at once: `p` must be a multiple of its size.
template <class Wide, class T>
__device__ inline auto as_one(T* p) {
#ifdef POPE_SIMT
  ::simt::require_boundary(p, sizeof(Wide));
#endif
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, const Wide, Wide>*>(p);
}

}  // namespace pope::cuda

#include "cuda/half.h"
#include "cuda/pack.h"
#include "cuda/reduce.h"
