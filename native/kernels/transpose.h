// Squares of numbers in vectors, turned around in registers. Internal linkage, as all that tiered sources include (vector.h).
#pragma once

#include "kernels/vector.h"

namespace pope {
namespace {

template <int... kIndex>
struct Indices {};

template <int kCount, int... kRest>
struct IndicesBelow : IndicesBelow<kCount - 1, kCount - 1, kRest...> {};

template <int... kRest>
struct IndicesBelow<0, kRest...> {
  using Type = Indices<kRest...>;
};

// Shuffles of two vectors of kCount elements, kUnit of which are 16 bytes: each is one instruction, where one that takes single
// elements across the borders of 16 bytes would be slower.
template <int kCount, int kUnit>
struct Shuffles {
  // Of every unit the lower halves of a and b, their elements in turn; or the upper halves.
  template <bool kUpper, class V>
  static V interleave(V a, V b) {
    return interleave<kUpper>(a, b, typename IndicesBelow<kCount>::Type());
  }
  template <bool kUpper, class V, int... kIndex>
  static V interleave(V a, V b, Indices<kIndex...>) {
    constexpr auto source = [](int i) {
      const int inside = i % kUnit;
      return inside % 2 * kCount + i - inside + inside / 2 + (kUpper ? kUnit / 2 : 0);
    };
    return __builtin_shufflevector(a, b, source(kIndex)...);
  }

  // Every second unit of a and then b, from the first on; or from the second on.
  template <bool kOdd, class V>
  static V units(V a, V b) {
    return units<kOdd>(a, b, typename IndicesBelow<kCount>::Type());
  }
  template <bool kOdd, class V, int... kIndex>
  static V units(V a, V b, Indices<kIndex...>) {
    constexpr auto source = [](int i) { return (i / kUnit * 2 + kOdd) * kUnit + i % kUnit; };
    return __builtin_shufflevector(a, b, source(kIndex)...);
  }
};

// rows[i][j] becomes rows[j][i]: first in squares as wide as a unit of 16 bytes, then the squares. Either step rotates the number
// of an element, row and column in binary, by one bit at a time.
template <int kCount, class V>
inline void transpose(V (&rows)[kCount]) {
  static_assert(sizeof(V) == kCount * sizeof(rows[0][0]));
  constexpr int kUnit = 16 / sizeof(rows[0][0]), kUnits = kCount / kUnit;
  using Shuffle = Shuffles<kCount, kUnit>;
#pragma GCC unroll 2
  for (int step = 1; step < kUnit; step *= 2) {
    V next[kCount];
#pragma GCC unroll 8
    for (int i = 0; i < kCount / 2; ++i) {
      const int low = i / (kUnit / 2) * kUnit + i % (kUnit / 2);
      next[2 * i] = Shuffle::template interleave<false>(rows[low], rows[low + kUnit / 2]);
      next[2 * i + 1] = Shuffle::template interleave<true>(rows[low], rows[low + kUnit / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) rows[i] = next[i];
  }
#pragma GCC unroll 2
  for (int step = 1; step < kUnits; step *= 2) {
    V next[kCount];
#pragma GCC unroll 8
    for (int i = 0; i < kCount / 2; ++i) {
      const int first = i / kUnit * 2 * kUnit + i % kUnit;
      next[i] = Shuffle::template units<false>(rows[first], rows[first + kUnit]);
      next[i + kCount / 2] = Shuffle::template units<true>(rows[first], rows[first + kUnit]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) rows[i] = next[i];
  }
}

}  // namespace
}  // namespace pope
