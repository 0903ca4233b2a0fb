// The part of attention that wants vectors of e^x, one copy per instruction set.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct ScoreSum {
  float largest, sum;
};

// scores[j] = e^(scale scores[j] - m) with m the largest scale scores[j], for j < visible; 0 for visible <= j < count.
// Returns m and the sum. 1 <= visible <= count, scale > 0.
using ExponentiateScores = ScoreSum(float* scores, int64_t visible, int64_t count, float scale);

POPE_DECLARE_TIERS(ExponentiateScores exponentiate_scores;)

}  // namespace pope
