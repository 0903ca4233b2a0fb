// What one slate contributes to the value, and its derivatives, for CPU and GPU; formulas in pope.h. All sums run in the
// order of the responses, with compensation. overflow(log_weight) is called where there is no weight
// (transform_weight); then the results are NaN.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/compensated_sum.h"
#include "kernels/slate_objective/response_reward.h"
#include "kernels/weights/transform.h"

namespace pope {

// The objective that a slate of `size` responses meets: the bound of a single response is its decomposed contribution
// (both sides of the AM-GM inequality are rho R), and the bound takes neither transform nor baseline.
POPE_HOST_DEVICE inline pope_objective slate_objective(const pope_objective& objective, int64_t size) {
  pope_objective own = objective;
  if (own.estimator == POPE_BOUND) {
    own.transform = POPE_IDENTITY;
    own.baseline = 0;
    if (size == 1) own.estimator = POPE_DECOMPOSED;
  }
  return own;
}

POPE_HOST_DEVICE inline double query_weight(const pope_slate_log& log, int64_t slate) {
  return log.query_weight ? log.query_weight[slate] : 1;
}

struct Contribution {
  double total, utility, diversity;
};

// The responses [first, last) of one slate, under its own objective.
struct Slate {
  const pope_objective& objective;
  const pope_slate_log& log;
  int64_t first, last;

  POPE_HOST_DEVICE double size() const { return static_cast<double>(last - first); }
  POPE_HOST_DEVICE ResponseReward reward(int64_t k) const { return response_reward(objective, log, k); }
  POPE_HOST_DEVICE double log_ratio(int64_t k) const { return log.log_prob[k] - log.logging_log_prob[k]; }

  template <class Overflow>
  POPE_HOST_DEVICE Weight weight(double log_weight, const Overflow& overflow) const {
    return transform_weight(objective.transform, objective.transform_parameter, log_weight, overflow);
  }
  // The slate's weight, or that of response k.
  template <class Overflow>
  POPE_HOST_DEVICE Weight slate_weight(const Overflow& overflow) const {
    return weight(log_weight_sum(log.log_prob, log.logging_log_prob, first, last), overflow);
  }
  template <class Overflow>
  POPE_HOST_DEVICE Weight response_weight(int64_t k, const Overflow& overflow) const {
    return weight(log_ratio(k), overflow);
  }
};

// log of (prod_k rho_k R_k)^(1/K), or of the same product of one part of R. -inf when a factor is <= 0.
enum class RewardPart { all, utility, diversity };
POPE_HOST_DEVICE inline double log_geometric_mean(const Slate& slate, RewardPart part) {
  CompensatedSum sum;
  for (int64_t k = slate.first; k < slate.last; ++k) {
    const ResponseReward reward = slate.reward(k);
    const double bracket = part == RewardPart::all       ? reward.bracket()
                           : part == RewardPart::utility ? reward.utility
                                                         : reward.diversity;
    if (!(reward.sign * bracket > 0)) return -INFINITY;
    sum.add(slate.log_ratio(k));
    sum.add(reward.log_scale);
    sum.add(std::log(std::fabs(bracket)));
  }
  return sum.value() / slate.size();
}

// Under the sum reduction: sum_k weight_k R_k with one weight for the slate or one for each response, or the bound
// K (prod_k rho_k R_k)^(1/K) and the same for each part of R.
template <class Overflow>
POPE_HOST_DEVICE inline Contribution slate_contribution(const Slate& slate, const Overflow& overflow) {
  if (slate.objective.estimator == POPE_BOUND) {
    return {slate.size() * std::exp(log_geometric_mean(slate, RewardPart::all)),
            slate.size() * std::exp(log_geometric_mean(slate, RewardPart::utility)),
            slate.size() * std::exp(log_geometric_mean(slate, RewardPart::diversity))};
  }
  const bool whole = slate.objective.estimator == POPE_SLATE;
  const double slate_weight = whole ? slate.slate_weight(overflow).value : 0;
  CompensatedSum utility, diversity;
  for (int64_t k = slate.first; k < slate.last; ++k) {
    const double w = whole ? slate_weight : slate.response_weight(k, overflow).value;
    const ResponseReward reward = slate.reward(k);
    utility.add(w * (reward.scale * reward.utility));
    diversity.add(w * (reward.scale * reward.diversity));
  }
  return {utility.value() + diversity.value(), utility.value(), diversity.value()};
}

// Calls store(k, dx / dl_k, dx / dH_k) for every response, x the slate's contribution under the sum reduction.
template <class Overflow, class Store>
POPE_HOST_DEVICE inline void slate_derivatives(const Slate& slate, const Overflow& overflow, const Store& store) {
  const pope_objective& objective = slate.objective;
  // exact: w h'(w) A + h(w) R'; score: h(w) A. The advantage A is what multiplies the derivative of the weight.
  const auto weighted = [&](int64_t k, const Weight& w, double advantage) {
    const ResponseReward reward = slate.reward(k);
    store(k, objective.score ? w.value * advantage : w.derivative * advantage + w.value * reward.slope(),
          w.value * reward.scale * reward.entropy_slope);
  };
  const auto advantage = [&](int64_t k) { return slate.reward(k).value() - objective.baseline; };
  if (objective.estimator == POPE_SLATE) {
    const Weight w = slate.slate_weight(overflow);
    CompensatedSum sum;
    for (int64_t k = slate.first; k < slate.last; ++k) sum.add(advantage(k));
    for (int64_t k = slate.first; k < slate.last; ++k) weighted(k, w, sum.value());
  } else if (objective.estimator == POPE_DECOMPOSED) {
    for (int64_t k = slate.first; k < slate.last; ++k) weighted(k, slate.response_weight(k, overflow), advantage(k));
  } else {
    const double mean = std::exp(log_geometric_mean(slate, RewardPart::all));
    for (int64_t k = slate.first; k < slate.last; ++k) {
      const ResponseReward reward = slate.reward(k);
      // A geometric mean of 0 stands for an R_k <= 0, where the bound is constant.
      store(k, mean == 0 ? 0 : mean * (1 + reward.relative_slope()),
            mean == 0 ? 0 : mean * (reward.entropy_slope / reward.bracket()));
    }
  }
}

}  // namespace pope
