// Sixteen bytes of a buffer at once, the widest load a thread has.
#pragma once

#include <cstdint>
#include <cstring>

namespace pope::cuda {

template <class T>
struct alignas(16) Pack {
  static constexpr int size = 16 / sizeof(T);
  T at[size];
};

// How many elements lie before the next 16-byte boundary: where a row of any width may be read by packs.
template <class T>
__device__ inline int elements_to_boundary(const T* p) {
  return static_cast<int>((-reinterpret_cast<uintptr_t>(p) & 15) / sizeof(T));
}

// `p` must lie on a 16-byte boundary.
template <class T>
__device__ inline Pack<T> load_pack(const T* p) {
  const uint4 words = *as_one<uint4>(p);
  Pack<T> pack;
  memcpy(&pack, &words, sizeof pack);
  return pack;
}

// The same for memory that is read once: it should not displace what other threads will read again.
template <class T>
__device__ inline Pack<T> load_pack_streaming(const T* p) {
  const uint4 words = __ldcs(as_one<uint4>(p));
  Pack<T> pack;
  memcpy(&pack, &words, sizeof pack);
  return pack;
}

template <class T>
__device__ inline void store_pack(T* p, const Pack<T>& pack) {
  uint4 words;
  memcpy(&words, &pack, sizeof words);
  *as_one<uint4>(p) = words;
}

}  // namespace pope::cuda
