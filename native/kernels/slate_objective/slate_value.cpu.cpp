#include <cmath>
#include <vector>

#include "kernels/compensated_sum.h"
#include "kernels/slate_objective/response_reward.h"
#include "kernels/slate_objective/slate_objective.h"
#include "kernels/weights/weights.h"

namespace pope {

namespace {

struct Contribution {
  double total, utility, diversity;
};

// sum_k weight_k R_k with one weight for the slate or one for each response.
Contribution weighted_sum(const pope_objective& objective, const pope_slate_log& log, int64_t slate) {
  const int64_t first = log.slate_offsets[slate], last = log.slate_offsets[slate + 1];
  const auto weight = [&](double log_weight) {
    return transform_weight(objective.transform, objective.transform_parameter, log_weight, "slate", slate).value;
  };
  const bool whole = objective.estimator == POPE_SLATE;
  const double slate_weight = whole ? weight(log_weight_sum(log.log_prob, log.logging_log_prob, first, last)) : 0;
  CompensatedSum utility, diversity;
  for (int64_t k = first; k < last; ++k) {
    const double w = whole ? slate_weight : weight(log.log_prob[k] - log.logging_log_prob[k]);
    const ResponseReward reward = response_reward(objective, log, k);
    utility.add(w * (reward.scale * reward.utility));
    diversity.add(w * (reward.scale * reward.diversity));
  }
  return {utility.value() + diversity.value(), utility.value(), diversity.value()};
}

// K (prod_k rho_k R_k)^(1/K), and the same for each part of R.
Contribution bound(const pope_objective& objective, const pope_slate_log& log, int64_t slate) {
  const auto of = [&](RewardPart part) {
    const double size = log.slate_offsets[slate + 1] - log.slate_offsets[slate];
    return size * std::exp(log_geometric_mean(objective, log, slate, part));
  };
  return {of(RewardPart::all), of(RewardPart::utility), of(RewardPart::diversity)};
}

double weighted_mean(const pope_slate_log& log, double weight_sum, const double* contributions) {
  CompensatedSum sum;
  for (int64_t slate = 0; slate < log.slates; ++slate) sum.add(query_weight(log, slate) * contributions[slate]);
  return sum.value() / weight_sum;
}

}  // namespace

void slate_value(const pope_slate_value_args& args, ThreadPool& pool) {
  const pope_slate_log& log = args.log;
  std::vector<double> part_buffer;
  double *utilities = args.utilities, *diversities = args.diversities;
  if (args.totals && (!utilities || !diversities)) {
    part_buffer.resize(2 * log.slates);
    if (!utilities) utilities = part_buffer.data();
    if (!diversities) diversities = part_buffer.data() + log.slates;
  }
  pool.parallel_for(log.slates, kSlateGrain, [&](int64_t begin, int64_t end) {
    for (int64_t slate = begin; slate < end; ++slate) {
      const int64_t first = log.slate_offsets[slate], last = log.slate_offsets[slate + 1];
      const pope_objective objective = slate_objective(args.objective, last - first);
      const Contribution x =
          objective.estimator == POPE_BOUND ? bound(objective, log, slate) : weighted_sum(objective, log, slate);
      const double share = objective.reduction == POPE_MEAN ? 1.0 / static_cast<double>(last - first) : 1.0;
      for (const double value : {x.total, x.utility, x.diversity}) require_finite(value, slate);
      args.contributions[slate] = share * x.total;
      if (utilities) utilities[slate] = share * x.utility;
      if (diversities) diversities[slate] = share * x.diversity;
      if (!args.response_rewards) continue;
      for (int64_t k = first; k < last; ++k) {
        args.response_rewards[k] = response_reward(objective, log, k).value();
      }
    }
  });
  if (args.totals) {
    const double weight_sum = query_weight_sum(log);
    args.totals[0] = weighted_mean(log, weight_sum, args.contributions);
    args.totals[1] = weighted_mean(log, weight_sum, utilities);
    args.totals[2] = weighted_mean(log, weight_sum, diversities);
  }
}

}  // namespace pope
