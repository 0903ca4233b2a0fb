#include <vector>

#include "kernels/slate_objective/slate_formulas.h"
#include "kernels/slate_objective/slate_objective.h"
#include "kernels/weights/weights.h"

namespace pope {

namespace {

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
      const auto overflow = [&](double log_weight) { throw_weight_overflow(log_weight, "slate", slate); };
      const Contribution x = slate_contribution(Slate{objective, log, first, last}, overflow);
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
