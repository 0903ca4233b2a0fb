#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

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
  std::vector<double> weights, numerator, baseline;
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
      weights.push_back(transformed(t.policy[chosen] / t.propensity[i], t.transform, t.lambda));
      product = weights.back() * (t.reward[i] - (t.q_hat ? t.q_hat[chosen] : 0));
    }
    numerator.push_back(t.keep_baseline ? product : product + direct);
    if (t.keep_baseline) baseline.push_back(direct);
  }
  const auto sum = [](const std::vector<double>& x) { return exact_sum(x.data(), static_cast<int64_t>(x.size())); };
  t.sums[0] = t.sum_weights ? sum(weights) : 0;
  t.sums[1] = sum(numerator);
  t.sums[2] = sum(baseline);
  for (size_t i = 0; t.contributions && i < numerator.size(); ++i) {
    t.contributions[i] = numerator[i] / (t.sums[0] / static_cast<double>(t.rounds)) + (t.keep_baseline ? baseline[i] : 0);
  }
  if (t.weights) std::copy(weights.begin(), weights.end(), t.weights);
  if (t.numerator) std::copy(numerator.begin(), numerator.end(), t.numerator);
  if (t.baseline) std::copy(baseline.begin(), baseline.end(), t.baseline);
}

}  // namespace pope::reference
