// Vectors as wide as the instruction set a tiered source is compiled for (native/core/cpu.h), by the vector extensions
// that GCC and Clang share.
//
// Everything here has internal linkage. The same source is compiled once per instruction set; an inline function with
// external linkage would be one weak symbol for all of them, of which the linker keeps any, and the baseline code could
// die on an instruction that the machine lacks. For the same reason a tiered source includes no C++ standard header.
#pragma once

#include <stdint.h>

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

inline Vec broadcast(float x) { return x - Vec{}; }

inline Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }

// The first `count` < kLanes values, `fill` in the other lanes.
inline Vec load_partial(const float* p, int64_t count, float fill) {
  Vec v = broadcast(fill);
  for (int64_t i = 0; i < count; ++i) v[i] = p[i];
  return v;
}

inline void store_partial(float* p, Vec v, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] = v[i];
}

// Pairwise, so that the order is that of a tree whatever the width.
inline float sum_lanes(Vec v) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) v[i] += v[i + half];
  }
  return v[0];
}

inline float max_lanes(Vec v) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) v[i] = v[i] < v[i + half] ? v[i + half] : v[i];
  }
  return v[0];
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

// 2^t for t in [-126, 0], within 1 unit in the last place; NaN for NaN; anything else is the caller's to keep away.
// t = n + r with |r| <= 1/2, exactly; the polynomial is a minimax fit of 2^r (relative error 1.9e-9).
inline Vec exp2_not_positive(Vec t) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const Vec shifted = t + kRound;
  const Vec r = t - (shifted - kRound);
  Vec p = r * 0x1.41d332p-13f + 0x1.5f456ap-10f;
  p = p * r + 0x1.3b2dbcp-7f;
  p = p * r + 0x1.c6aed4p-5f;
  p = p * r + 0x1.ebfbdap-3f;
  p = p * r + 0x1.62e430p-1f;
  p = p * r + 1.0f;
  // The shift leaves nothing of kRound's own bits but the exponent's bias, to which n is added.
  const IntVec exponent = ((IntVec)shifted + 127) << 23;
  return p * (Vec)exponent;
}

}  // namespace
}  // namespace pope
