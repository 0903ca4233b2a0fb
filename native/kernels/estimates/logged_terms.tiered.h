// The loop of scalar_terms over rounds of which the policy's probability of the logged action is known, one copy per
// instruction set: the same bits on all, for no product and sum are fused.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

struct LoggedRounds {
  const double *reward, *propensity, *policy;  // [count]
  double *weights, *numerator;                 // [count]
  int64_t count;
  double lambda, most;  // no probability is above `most`
};

struct LoggedTermsKernels {
  // By number of the transform (scalar_terms.h). Returns whether all rounds and weights are what they must be.
  bool (*terms[4])(const LoggedRounds&);
};

POPE_DECLARE_TIERS(extern const LoggedTermsKernels logged_terms_kernels;)

}  // namespace pope
