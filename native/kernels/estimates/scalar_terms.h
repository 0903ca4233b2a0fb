// scalar_terms: what an estimate from a log of single actions is made of. With w_i = policy(a_i) / propensity_i, h = T(w),
// q the predictions of a model and DM_i = sum_j policy_ij q_ij / sum_j policy_ij,
//
//     weights_i = h_i,   numerator_i = h_i (r_i - q(a_i)) [+ DM_i unless keep_baseline],   baseline_i = DM_i
//
// the exact sums of the three, and where asked for contributions_i = numerator_i / mean(weights) + baseline_i (docs/theory.md section 6; src/estimators/scalar has the same in TypeScript, bit for bit).
// Without rewards there are no weights, and numerator_i = DM_i.
//   reward, propensity [n]?   policy [n, actions], or [n] of the logged actions when actions = 0   action [n]?
//   q_hat [n, actions]?   weights [n]?   numerator [n]?   baseline [n]?   contributions [n]?, none of them where only sums
//   are wanted
//   sums [3] of weights, numerator, baseline; 0 without rewards or model, and for weights unless sum_weights
// T by number: 0 min(w, lambda); 1 w where w <= lambda, else 0; 2 lambda w / (w^2 + lambda); 3 w / (1 - lambda + lambda w)
//
// Throws out_of_range with the round for a reward or prediction that is not finite, a probability outside [0, 1], a propensity
// outside (0, 1] or an action that is none, and for a row of policy whose sum is not 1, all within `slack`; non_finite for a
// weight or sum that no double holds.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct ScalarTerms {
  const double *reward, *propensity, *policy, *q_hat;
  const int32_t* action;
  double *weights, *numerator, *baseline, *contributions, *sums;
  int64_t rounds, actions;
  int transform;
  bool sum_weights, keep_baseline;
  double lambda, slack;
};

void scalar_terms(const ScalarTerms& terms, ThreadPool& pool);

}  // namespace pope
