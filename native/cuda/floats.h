// One number of an array, or four neighbours at once where all arrays begin on 16-byte boundaries: what a kernel moves is
// a template argument, which its launcher chooses with by_width. Kernels compute in float; arrays of 16-bit numbers are
// widened and rounded on the way. For .cu files.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "cuda/cuda.h"
#include "pope.h"

namespace pope::cuda {

template <int n>
struct Floats {
  float at[n];
};

template <int n>
__device__ inline Floats<n> load_floats(const float* p) {
  static_assert(n == 1 || n == Pack<float>::size);
  if constexpr (n == 1) {
    return {{*p}};
  } else {
    const Pack<float> pack = load_pack(p);
    return {{pack.at[0], pack.at[1], pack.at[2], pack.at[3]}};
  }
}

template <int n>
__device__ inline void store_floats(float* p, const Floats<n>& values) {
  if constexpr (n == 1) {
    *p = values.at[0];
  } else {
    store_pack(p, Pack<float>{{values.at[0], values.at[1], values.at[2], values.at[3]}});
  }
}

template <class T>
struct alignas(8) Quad {
  static_assert(sizeof(T) == 2);
  T at[Pack<float>::size];
};

template <int n, class T>
__device__ inline Floats<n> load_floats(const T* p) {
  Floats<n> values;
  if constexpr (n == 1) {
    values.at[0] = to_float(*p);
  } else {
    const uint2 words = *as_one<uint2>(p);
    Quad<T> quad;
    memcpy(&quad, &words, sizeof quad);
#pragma unroll
    for (int i = 0; i < n; ++i) values.at[i] = to_float(quad.at[i]);
  }
  return values;
}

template <int n, class T>
__device__ inline void store_floats(T* p, const Floats<n>& values) {
  if constexpr (n == 1) {
    *p = from_float<T>(values.at[0]);
  } else {
    Quad<T> quad;
#pragma unroll
    for (int i = 0; i < n; ++i) quad.at[i] = from_float<T>(values.at[i]);
    uint2 words;
    memcpy(&words, &quad, sizeof words);
    *as_one<uint2>(p) = words;
  }
}

// Calls launch(T{}) with the type that pope_dtype names.
template <class Launch>
void by_type(int32_t dtype, const Launch& launch) {
  switch (dtype) {
    case POPE_BF16: return launch(bf16{});
    case POPE_F16: return launch(f16{});
    default: return launch(float{});
  }
}

// Whether all arrays begin on 16-byte boundaries and all these counts, of what lies between two loads, keep to them.
inline bool on_boundaries(std::initializer_list<const void*> arrays, std::initializer_list<int64_t> counts = {}) {
  for (const void* array : arrays) {
    if (reinterpret_cast<uintptr_t>(array) % 16 != 0) return false;
  }
  for (const int64_t count : counts) {
    if (count % Pack<float>::size != 0) return false;
  }
  return true;
}

// Calls launch(width), whose type holds the number of floats to move at once as ::value.
template <class Launch>
void by_width(bool wide, const Launch& launch) {
  wide ? launch(std::integral_constant<int, Pack<float>::size>{}) : launch(std::integral_constant<int, 1>{});
}

}  // namespace pope::cuda
