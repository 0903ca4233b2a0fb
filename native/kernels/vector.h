// Vectors as wide as the instruction set a tiered source is compiled for (native/core/cpu.h), by the vector extensions
// that GCC and Clang share.
//
// Everything here has internal linkage. The same source is compiled once per instruction set; an inline function with
// external linkage would be one weak symbol for all of them, of which the linker keeps any, and the baseline code could
// die on an instruction that the machine lacks. For the same reason a tiered source includes no C++ standard header.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>  // functions that are always inlined, and so leave no symbol
#endif

namespace pope {
namespace {

#if defined(__AVX512F__)
#define POPE_LANES 16
#elif defined(__AVX__)
#define POPE_LANES 8
#else
#define POPE_LANES 4
#endif

constexpr int kLanes = POPE_LANES;

using Vec = float __attribute__((vector_size(4 * POPE_LANES)));
using IntVec = int32_t __attribute__((vector_size(4 * POPE_LANES)));
using Doubles = double __attribute__((vector_size(4 * POPE_LANES)));  // half as many
using DoubleMasks = int64_t __attribute__((vector_size(4 * POPE_LANES)));  // what a comparison of them gives: 0 or -1

constexpr int kDoubles = POPE_LANES / 2;

inline Vec broadcast(float x) { return x - Vec{}; }

inline Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }

// Past the caches, for what nobody reads soon: memory is not read before it is written. `p` on a boundary of a vector.
// Others see it after a fence.
inline void stream(float* p, Vec v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, v);
#elif defined(__AVX__)
  _mm256_stream_ps(p, v);
#elif defined(__x86_64__)
  _mm_stream_ps(p, v);
#else
  store(p, v);
#endif
}

// The first `count` < kLanes values, `fill` in the other lanes.
inline Vec load_partial(const float* p, int64_t count, float fill) {
  Vec v = broadcast(fill);
  for (int64_t i = 0; i < count; ++i) v[i] = p[i];
  return v;
}

inline void store_partial(float* p, Vec v, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] = v[i];
}

// The larger of each pair; of a pair with NaN, the second.
inline Vec larger(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif defined(__AVX__)
  return _mm256_max_ps(a, b);
#elif defined(__x86_64__)
  return _mm_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

// combine(v_0, v_1, ...) of all lanes, by halves, so that the order is that of a tree whatever the width.
template <class T, int kCount, class V, class Combine>
inline T reduce_lanes(const V& v, const Combine& combine) {
  if constexpr (kCount == 1) {
    return v[0];
  } else {
    using Half __attribute__((vector_size(kCount / 2 * sizeof(T)))) = T;
    Half low, high;
    __builtin_memcpy(&low, &v, sizeof low);
    __builtin_memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
    return reduce_lanes<T, kCount / 2>(combine(low, high), combine);
  }
}

inline float sum_lanes(Vec v) {
  return reduce_lanes<float, kLanes>(v, [](auto a, auto b) { return a + b; });
}

inline float max_lanes(Vec v) {
  return reduce_lanes<float, kLanes>(v, [](auto a, auto b) { return a < b ? b : a; });
}

// e^x within 2 units in the last place; 0 below -87.33 (where e^x would be subnormal), infinity above 88.72, NaN for
// NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 split in two parts (Cody and Waite); the polynomial is that of Cephes' expf
// (S. L. Moshier).
inline Vec exp(Vec x) {
  constexpr float kLowest = -87.336544f, kHighest = 88.722839f;
  const Vec inside = x < kLowest ? broadcast(kLowest) : (x > kHighest ? broadcast(kHighest) : x);
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const Vec shifted = inside * 1.44269504f + kRound;
  const Vec n = shifted - kRound;
  const Vec r = inside - n * 0.693359375f - n * -2.12194440e-4f;
  Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  // 2^n in two steps: n reaches 128, one more than the exponent of a float can say.
  const IntVec exponent = __builtin_convertvector(n, IntVec);
  const IntVec half = exponent >> 1;
  const Vec value = p * (Vec)((half + 127) << 23) * (Vec)((exponent - half + 127) << 23);
  return x < kLowest ? broadcast(0.0f) : (x > kHighest ? broadcast(__builtin_inff()) : value);
}

// p_u = 2^t_u for t_u in [-126, 0], within 1 unit in the last place; NaN for NaN; anything else is the caller's to keep
// away. t = n + r with |r| <= 1/2, exactly; the polynomial is a minimax fit of 2^r (relative error 1.9e-9).
// Step by step for all kCount at once, for every step waits for the one before it.
template <int kCount>
inline void exp2_not_positive(const Vec (&t)[kCount], Vec (&p)[kCount]) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  constexpr float kPolynomial[] = {0x1.5f456ap-10f, 0x1.3b2dbcp-7f, 0x1.c6aed4p-5f, 0x1.ebfbdap-3f, 0x1.62e430p-1f, 1.0f};
  Vec shifted[kCount], r[kCount];
  for (int u = 0; u < kCount; ++u) shifted[u] = t[u] + kRound;
  for (int u = 0; u < kCount; ++u) r[u] = t[u] - (shifted[u] - kRound);
  for (int u = 0; u < kCount; ++u) p[u] = broadcast(0x1.41d332p-13f);
  for (const float coefficient : kPolynomial) {
    for (int u = 0; u < kCount; ++u) p[u] = p[u] * r[u] + coefficient;
  }
  // The shift leaves nothing of kRound's own bits: n is added to the exponent.
  for (int u = 0; u < kCount; ++u) p[u] = (Vec)((IntVec)p[u] + ((IntVec)shifted[u] << 23));
}

}  // namespace
}  // namespace pope
