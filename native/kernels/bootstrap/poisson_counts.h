// How many times a resample holds each unit: a number of 16 random bits that is close to a Poisson(1) one.
//
//     P(count = k) = c_k / 2^16,   c = 24109, 24110, 12055, 4017, 1005, 201, 34, 4, 1   (k = 0 .. 8)
//
// Of all such c with mean and variance exactly 1, as a bootstrap needs, these are among the closest to Poisson's
// 2^16 e^-1 / k!: none is off by more than 1.3, and the third central moment is 1.00003 instead of 1.
//
// Units are counted in chunks of 128, from 16 blocks of four random words each. The two halves of a word belong to units
// eight apart, so that a vector of blocks holds, 16 bits apart, the counts of neighbouring units:
//     unit 128 q + 32 w + 8 k + j  <-  half k % 2 of word w of block 16 q + 2 j + k / 2     (w, k < 4; j < 8; half 0: low)
//
// Included by tiered sources: nothing here but constants.
#pragma once

#include <stdint.h>

// c_0, c_0 + c_1, ...: the count is how many of these are at most the 16 bits.
#define POPE_POISSON_THRESHOLDS 24109, 48219, 60274, 64291, 65296, 65497, 65531, 65535

namespace pope {

constexpr int64_t kChunkUnits = 128, kChunkBlocks = 16;

}  // namespace pope
