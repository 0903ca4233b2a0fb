// A counter-based random number generator: a pure function of a counter and a key, so that element i of a stream is the
// same whoever computes it, when, and after what. Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random
// numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <cstdint>

#include "kernels/host_device.h"
#include "kernels/philox.h"

namespace pope {

struct PhiloxWords {
  uint32_t word[4];
  POPE_HOST_DEVICE uint32_t operator[](int64_t i) const { return word[i]; }
};

// Four independent uniform 32-bit words.
POPE_HOST_DEVICE inline PhiloxWords philox(PhiloxWords counter, uint64_t key) {
  auto low = static_cast<uint32_t>(key), high = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const uint64_t a = uint64_t{kPhiloxFirst} * counter[0], b = uint64_t{kPhiloxSecond} * counter[2];
    counter = {{static_cast<uint32_t>(b >> 32) ^ counter[1] ^ low, static_cast<uint32_t>(b),
                static_cast<uint32_t>(a >> 32) ^ counter[3] ^ high, static_cast<uint32_t>(a)}};
    low += kPhiloxLowStep;
    high += kPhiloxHighStep;
  }
  return counter;
}

// A key of its own for every stream of a seed, as jax.random.fold_in makes one.
inline uint64_t fold(uint64_t seed, uint64_t stream) {
  const auto words = philox({static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32), 0, 0}, seed);
  return words[0] | static_cast<uint64_t>(words[1]) << 32;
}

// In [0, 1), a multiple of 2^-24: exact in float and double.
POPE_HOST_DEVICE inline float uniform(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

}  // namespace pope
