// Value and coefficients of each estimator as docs/theory.md sections 3 to 5 print them: direct products of probability
// ratios, roots of products, derivatives by the product rule on w and h'(w); in long double, one thread.
#pragma once

#include <vector>

#include "kernels/weights/weights.reference.h"

namespace pope::reference {

// R_k = utility + diversity, R'_k = dR_k / dl_k and dR_k / dH_k.
struct Reward {
  Real utility, diversity, slope, entropy_slope;
  Real total() const { return utility + diversity; }
};

inline Reward response_reward(const pope_objective& objective, const pope_slate_log& log, int64_t k) {
  const Real l = log.log_prob[k], r = log.reward[k], pi = std::exp(l);
  const Real cu = objective.lambda_cu, div = objective.lambda_div;
  if (log.entropy) {
    const Real H = log.entropy[k];
    if (objective.form == POPE_EXPECTED) return {pi * cu * r, pi * div * H, pi * (cu * r + div * H), pi * div};
    if (objective.form == POPE_GATED) return {r * cu, r * div * H, 0, r * div};
    return {cu * r, div * H, 0, div};
  }
  if (objective.form == POPE_EXPECTED) return {pi * cu * r, -pi * div * l, pi * (cu * r - div * l) - div * pi, 0};
  if (objective.form == POPE_GATED) return {r * cu, -r * div * l, -div * r, 0};
  return {cu * r, -div * l, -div, 0};
}

struct SlateView {
  std::vector<Real> ratios;
  std::vector<Reward> rewards;
  Real weight = 1;  // W = prod_k rho_k
  Real size() const { return static_cast<Real>(ratios.size()); }
};

inline SlateView view_slate(const pope_objective& objective, const pope_slate_log& log, int64_t slate) {
  SlateView view;
  for (int64_t k = log.slate_offsets[slate]; k < log.slate_offsets[slate + 1]; ++k) {
    view.ratios.push_back(probability_ratio(log.log_prob[k], log.logging_log_prob[k]));
    view.rewards.push_back(response_reward(objective, log, k));
    view.weight *= view.ratios.back();
    if (objective.estimator == POPE_DECOMPOSED) refuse_overflow(objective.transform, view.ratios.back(), slate);
  }
  if (objective.estimator == POPE_SLATE) refuse_overflow(objective.transform, view.weight, slate);
  return view;
}

// (prod_k rho_k R_k)^(1/K), 0 when an R_k <= 0; the product itself for K = 1.
inline Real geometric_mean(const SlateView& view, const std::vector<Real>& rewards) {
  Real product = view.weight;
  for (const Real reward : rewards) {
    if (reward <= 0 && rewards.size() > 1) return 0;
    product *= reward;
  }
  return rewards.size() == 1 ? product : std::pow(product, 1 / view.size());
}

inline Real contribution(const pope_objective& objective, const SlateView& view, const std::vector<Real>& rewards) {
  const auto h = [&](Real w) { return transform(objective.transform, objective.transform_parameter, w); };
  Real x = 0;
  for (size_t k = 0; k < rewards.size(); ++k) {
    if (objective.estimator == POPE_SLATE) x += h(view.weight) * rewards[k];
    if (objective.estimator == POPE_DECOMPOSED) x += h(view.ratios[k]) * rewards[k];
  }
  if (objective.estimator == POPE_BOUND) x = view.size() * geometric_mean(view, rewards);
  return objective.reduction == POPE_MEAN ? x / view.size() : x;
}

inline void slate_value(const pope_slate_value_args& args) {
  Real weight_sum = 0, totals[3] = {0, 0, 0};
  for (int64_t slate = 0; slate < args.log.slates; ++slate) {
    const SlateView view = view_slate(args.objective, args.log, slate);
    std::vector<Real> all, utility, diversity;
    for (const Reward& reward : view.rewards) {
      if (args.response_rewards) args.response_rewards[args.log.slate_offsets[slate] + all.size()] = reward.total();
      all.push_back(reward.total());
      utility.push_back(reward.utility);
      diversity.push_back(reward.diversity);
    }
    const Real omega = args.log.query_weight ? args.log.query_weight[slate] : 1;
    const Real parts[3] = {contribution(args.objective, view, all), contribution(args.objective, view, utility),
                           contribution(args.objective, view, diversity)};
    args.contributions[slate] = parts[0];
    if (args.utilities) args.utilities[slate] = parts[1];
    if (args.diversities) args.diversities[slate] = parts[2];
    weight_sum += omega;
    for (int part = 0; part < 3; ++part) totals[part] += omega * parts[part];
  }
  if (args.totals) {
    for (int part = 0; part < 3; ++part) args.totals[part] = totals[part] / weight_sum;
  }
}

inline void slate_coefficients(const pope_slate_coefficients_args& args) {
  const pope_objective& o = args.objective;
  const auto h = [&](Real w) { return transform(o.transform, o.transform_parameter, w); };
  const auto slope = [&](Real w) { return transform_slope(o.transform, o.transform_parameter, w); };
  Real weight_sum = 0;
  for (int64_t slate = 0; slate < args.log.slates; ++slate) {
    weight_sum += args.log.query_weight ? args.log.query_weight[slate] : 1;
  }
  for (int64_t slate = 0; slate < args.log.slates; ++slate) {
    const SlateView view = view_slate(o, args.log, slate);
    std::vector<Real> rewards;
    Real advantage_sum = 0;
    for (const Reward& reward : view.rewards) {
      rewards.push_back(reward.total());
      advantage_sum += reward.total() - o.baseline;
    }
    const Real B = geometric_mean(view, rewards), W = view.weight;
    Real share = (args.log.query_weight ? args.log.query_weight[slate] : 1) / weight_sum;
    if (o.reduction == POPE_MEAN) share /= view.size();
    for (size_t k = 0; k < rewards.size(); ++k) {
      const Reward& R = view.rewards[k];
      const Real rho = view.ratios[k], advantage = R.total() - o.baseline;
      Real c = 0, entropy = 0;
      if (o.estimator == POPE_SLATE) {
        c = o.score ? h(W) * advantage_sum : W * slope(W) * advantage_sum + h(W) * R.slope;
        entropy = h(W) * R.entropy_slope;
      } else if (o.estimator == POPE_DECOMPOSED) {
        c = o.score ? h(rho) * advantage : rho * slope(rho) * advantage + h(rho) * R.slope;
        entropy = h(rho) * R.entropy_slope;
      } else if (rewards.size() == 1) {
        c = rho * R.total() + rho * R.slope;
        entropy = rho * R.entropy_slope;
      } else if (B > 0) {
        c = B * (1 + R.slope / R.total());
        entropy = B * R.entropy_slope / R.total();
      }
      const int64_t at = args.log.slate_offsets[slate] + static_cast<int64_t>(k);
      args.coefficients[at] = share * c;
      if (args.entropy_coefficients) args.entropy_coefficients[at] = share * entropy;
    }
  }
}

}  // namespace pope::reference
