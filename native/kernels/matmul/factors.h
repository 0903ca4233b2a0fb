// The factors of a product as its kernels take them: words of 32 bits, which hold one number along k, or two. Internal
// linkage, as all that tiered sources include (vector.h).
//
//   Element        what a matrix in memory is made of
//   kElements      of them along k make a word
//   word           of the numbers from p on, of which `left` >= 1 are the matrix's; those missing are zero
//   spread         a word in every lane
//   quad, vector   4, and kLanes, words along k
//   across         the words of kLanes columns of a matrix [k, n], of whose rows `left` >= 1 are left
//   add_product    sum + a b, word by word
#pragma once

#include "kernels/vector.h"

namespace pope {
namespace {

using Quad = float __attribute__((vector_size(16)));

struct Floats {
  using Element = float;
  static constexpr int64_t kElements = 1;

  static float word(const float* p, int64_t) { return *p; }
  static Vec spread(const float* p, int64_t) { return broadcast(*p); }
  static Quad quad(const float* p) {
    Quad v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static Vec vector(const float* p) { return load(p); }
  static Vec across(const float* p, int64_t, int64_t) { return load(p); }
  static Vec add_product(Vec sum, Vec a, Vec b) { return sum + a * b; }
};

using WordVec = uint32_t __attribute__((vector_size(4 * kLanes)));

// kLanes numbers of 16 bits as words.
inline WordVec words_of(const uint16_t* p) {
  uint16_t __attribute__((vector_size(2 * kLanes))) halves;
  __builtin_memcpy(&halves, p, sizeof halves);
  return __builtin_convertvector(halves, WordVec);
}

// bf16, which is the upper half of a float, as the float that it is.
struct WidenedBf16 {
  using Element = uint16_t;
  static constexpr int64_t kElements = 1;

  static float word(const uint16_t* p, int64_t) {
    const uint32_t bits = static_cast<uint32_t>(*p) << 16;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  }
  static Vec spread(const uint16_t* p, int64_t) {
    using Halves = uint16_t __attribute__((vector_size(4 * kLanes)));
    return (Vec)((WordVec)(Halves{} + *p) << 16);
  }
  static Quad quad(const uint16_t* p) {
    uint16_t __attribute__((vector_size(8))) halves;
    __builtin_memcpy(&halves, p, sizeof halves);
    using Words = uint32_t __attribute__((vector_size(16)));
    return (Quad)(__builtin_convertvector(halves, Words) << 16);
  }
  static Vec vector(const uint16_t* p) { return (Vec)(words_of(p) << 16); }
  static Vec across(const uint16_t* p, int64_t, int64_t) { return vector(p); }
  static Vec add_product(Vec sum, Vec a, Vec b) { return sum + a * b; }
};

#if defined(__AVX512BF16__)
// bf16, of which the instruction set multiplies two at a time: a word is a pair, the lower half first along k. Factors and
// sums below 2^-126 count as zero.
struct Bf16Pairs {
  using Element = uint16_t;
  static constexpr int64_t kElements = 2;

  static float word(const uint16_t* p, int64_t left) {
    const uint32_t bits = p[0] | (left > 1 ? static_cast<uint32_t>(p[1]) << 16 : 0);
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
  }
  static Vec spread(const uint16_t* p, int64_t left) { return broadcast(word(p, left)); }
  static Quad quad(const uint16_t* p) {
    Quad v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static Vec vector(const uint16_t* p) {
    Vec v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static Vec across(const uint16_t* p, int64_t stride, int64_t left) {
    const WordVec lower = words_of(p);
    return (Vec)(left > 1 ? lower | words_of(p + stride) << 16 : lower);
  }
  static Vec add_product(Vec sum, Vec a, Vec b) {
    return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
  }
};
#endif

// across for the first `count` < kLanes columns, zero in the other lanes.
template <class Factors>
__attribute__((noinline)) inline Vec across_partial(const typename Factors::Element* p, int64_t stride, int64_t left, int64_t count) {
  typename Factors::Element columns[Factors::kElements * kLanes] = {};
  for (int64_t r = 0; r < Factors::kElements && r < left; ++r) {
    for (int64_t j = 0; j < count; ++j) columns[r * kLanes + j] = p[r * stride + j];
  }
  return Factors::across(columns, kLanes, left);
}

// vector for numbers of which only `left` are the matrix's: words beyond are zero.
template <class Factors>
__attribute__((noinline)) inline Vec vector_partial(const typename Factors::Element* p, int64_t left) {
  typename Factors::Element numbers[Factors::kElements * kLanes] = {};
  for (int64_t i = 0; i < left; ++i) numbers[i] = p[i];
  return Factors::vector(numbers);
}

}  // namespace
}  // namespace pope
