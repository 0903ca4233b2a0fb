#include "kernels/no_contraction.h"

#include "kernels/bootstrap/poisson_bootstrap.tiered.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/bootstrap/poisson_counts.h"
#include "kernels/philox.h"
#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

using Words = uint32_t __attribute__((vector_size(4 * POPE_LANES)));
using Halves = uint16_t __attribute__((vector_size(4 * POPE_LANES)));
using Longs = uint64_t __attribute__((vector_size(4 * POPE_LANES)));

constexpr int kLongs = kLanes / 2;

inline Words same(uint32_t word) { return word + Words{}; }

// The products of the lower words of all longs.
inline Longs multiply_low_words(Longs a, Longs b) {
#if defined(__AVX512F__)
  return (Longs)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);  // GCC 12 warns of the one without a mask
#elif defined(__AVX2__)
  return (Longs)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Longs)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffff) * (b & 0xffffffff);
#endif
}

struct Product {
  Words low, high;
};

inline Product multiply(Words a, uint32_t factor) {
  const Longs even = multiply_low_words((Longs)a, (Longs)same(factor));
  const Longs odd = multiply_low_words((Longs)a >> 32, (Longs)same(factor));
  constexpr uint64_t kUpper = 0xffffffff00000000;
  return {(Words)((even & ~kUpper) | odd << 32), (Words)((even >> 32) | (odd & kUpper))};
}

struct Block {
  Words word[4];
};

// Several at once: the rounds of one would wait for their own products.
template <int kBlocks>
inline void philox(Block (&blocks)[kBlocks], uint64_t key) {
  auto low = (uint32_t)key, high = (uint32_t)(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    for (Block& c : blocks) {
      const Product a = multiply(c.word[0], kPhiloxFirst), b = multiply(c.word[2], kPhiloxSecond);
      c = {{b.high ^ c.word[1] ^ same(low), b.low, a.high ^ c.word[3] ^ same(high), a.low}};
    }
    low += kPhiloxLowStep;
    high += kPhiloxHighStep;
  }
}

inline Halves poisson_counts(Halves bits) {
  constexpr uint16_t thresholds[] = {POPE_POISSON_THRESHOLDS};
  Halves counts{};
  for (const uint16_t threshold : thresholds) counts -= (Halves)(bits >= threshold + Halves{});
  return counts;
}

// Small integers; put into the significand of 2^52 they need no conversion.
inline Doubles to_doubles(Longs integers) { return (Doubles)(integers | 0x4330000000000000) - 0x1p52; }

// Of the units of a vector of blocks, the first of which is the given lane of its chunk.
inline void count_units(const Block& words, int lane, double* counts) {
  for (int w = 0; w < 4; ++w) {
    const Longs drawn = (Longs)poisson_counts((Halves)words.word[w]);
    for (int k = 0; k < 4; ++k) {
      const Doubles next = to_doubles(drawn >> 16 * k & 0xffff);
      __builtin_memcpy(counts + 32 * w + 8 * k + lane / 2, &next, sizeof next);
    }
  }
}

void count(uint64_t seed, uint64_t resample, int64_t chunk, int64_t chunks, double* counts) {
  Words lanes{};
  for (int i = 0; i < kLanes; ++i) lanes[i] = i;
  for (int64_t q = chunk; q < chunk + chunks; q += kChunksTogether, counts += kChunksTogether * kChunkUnits) {
    for (int from = 0; from < kChunkBlocks; from += kLanes) {
      Block blocks[kChunksTogether];
      for (int i = 0; i < kChunksTogether; ++i) {
        // A chunk's blocks do not cross a multiple of 16: only the lower word differs among lanes.
        const uint64_t block = kChunkBlocks * (q + i) + from;
        blocks[i] = {{same((uint32_t)block) + lanes, same((uint32_t)(block >> 32)), same((uint32_t)resample),
                      same((uint32_t)(resample >> 32))}};
      }
      philox(blocks, seed);
      for (int i = 0; i < kChunksTogether; ++i) count_units(blocks[i], from, counts + i * kChunkUnits);
    }
  }
}

// 32 sums in turn, whatever the width of a vector: the order of the additions is part of the result.
double dot(const double* counts, const double* x, int64_t units) {
  constexpr int kSums = 32;
  Doubles sums[kSums / kLongs]{};
  int64_t i = 0;
  for (; i + kSums <= units; i += kSums) {
    for (int s = 0; s < kSums / kLongs; ++s) {
      Doubles n, value;
      __builtin_memcpy(&n, counts + i + s * kLongs, sizeof n);
      __builtin_memcpy(&value, x + i + s * kLongs, sizeof value);
      sums[s] += n * value;
    }
  }
  double parts[kSums];
  __builtin_memcpy(parts, sums, sizeof parts);
  for (int s = 0; i < units; ++i, ++s) parts[s] += counts[i] * x[i];
  for (int half = kSums / 2; half > 0; half /= 2) {
    for (int s = 0; s < half; ++s) parts[s] += parts[s + half];
  }
  return parts[0];
}

}  // namespace

extern const BootstrapKernels bootstrap_kernels;
const BootstrapKernels bootstrap_kernels = {count, dot};

}  // namespace pope::POPE_ISA
