#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/estimates/exact_sum.reference.h"
#include "kernels/estimates/scalar_terms.h"

namespace pope::reference {

inline double transformed(double w, int transform, double lambda) {
  switch (transform) {
    case 0: return std::min(w, lambda);
    case 1: return w <= lambda ? w : 0;
    case 2: return std::isinf(lambda) ? w : lambda == 0 ? 0 : lambda * w / (w * w + lambda);
    default: return w == 0 ? 0 : w / (1 - lambda + lambda * w);
  }
}

inline void scalar_terms(const ScalarTerms& t) {
  for (int64_t i = 0; i < t.rounds; ++i) {
    double direct = 0, total = 0;
    for (int64_t j = 0; t.q_hat && j < t.actions; ++j) {
      direct += t.policy[i * t.actions + j] * t.q_hat[i * t.actions + j];
      total += t.policy[i * t.actions + j];
    }
    if (t.q_hat) direct /= total;
    double product = 0;
    if (t.reward) {
      const int64_t chosen = t.actions > 0 ? i * t.actions + t.action[i] : i;
      t.weights[i] = transformed(t.policy[chosen] / t.propensity[i], t.transform, t.lambda);
      product = t.weights[i] * (t.reward[i] - (t.q_hat ? t.q_hat[chosen] : 0));
    }
    t.numerator[i] = t.baseline ? product : product + direct;
    if (t.baseline) t.baseline[i] = direct;
  }
  t.sums[0] = t.weights && t.sum_weights ? exact_sum(t.weights, t.rounds) : 0;
  t.sums[1] = exact_sum(t.numerator, t.rounds);
  t.sums[2] = t.baseline ? exact_sum(t.baseline, t.rounds) : 0;
}

}  // namespace pope::reference
