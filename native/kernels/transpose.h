// Squares of numbers in vectors, turned around in registers. Internal linkage, as all that tiered sources include (vector.h).
#pragma once

#include "kernels/vector.h"

namespace pope {
namespace {

// The elements of the first halves of a and b, taken in turn.
template <int kCount, class V>
inline V low_halves(V a, V b) {
  if constexpr (kCount == 16) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  } else if constexpr (kCount == 8) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  } else if constexpr (kCount == 4) {
    return __builtin_shufflevector(a, b, 0, 4, 1, 5);
  } else {
    return __builtin_shufflevector(a, b, 0, 2);
  }
}

// Those of the second halves.
template <int kCount, class V>
inline V high_halves(V a, V b) {
  if constexpr (kCount == 16) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  } else if constexpr (kCount == 8) {
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  } else if constexpr (kCount == 4) {
    return __builtin_shufflevector(a, b, 2, 6, 3, 7);
  } else {
    return __builtin_shufflevector(a, b, 1, 3);
  }
}

// rows[i][j] becomes rows[j][i]: the number of an element, [i][j] in binary, is rotated by one bit at a time.
template <int kCount, class V>
inline void transpose(V (&rows)[kCount]) {
  static_assert(sizeof(V) == kCount * sizeof(rows[0][0]));
#pragma GCC unroll 4
  for (int step = 1; step < kCount; step *= 2) {
    V next[kCount];
#pragma GCC unroll 8
    for (int i = 0; i < kCount / 2; ++i) {
      next[2 * i] = low_halves<kCount>(rows[i], rows[i + kCount / 2]);
      next[2 * i + 1] = high_halves<kCount>(rows[i], rows[i + kCount / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) rows[i] = next[i];
  }
}

}  // namespace
}  // namespace pope
