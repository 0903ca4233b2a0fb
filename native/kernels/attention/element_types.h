// What attention needs of the type T of its arrays: float, or uint16_t for bf16. Scores, weights and sums are float.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/narrow.h"
#include "kernels/matmul/factor_tile.h"
#include "pope.h"

namespace pope {

// n numbers, widened or rounded where the types differ.
inline void copy_numbers(const float* from, float* to, int64_t n) { std::copy_n(from, n, to); }
inline void copy_numbers(const uint16_t* from, float* to, int64_t n) { cast(from, to, n, POPE_BF16); }
inline void copy_numbers(const float* from, uint16_t* to, int64_t n) { narrow(from, to, n, POPE_BF16); }

}  // namespace pope
