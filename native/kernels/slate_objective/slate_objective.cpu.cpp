#include "kernels/slate_objective/slate_objective.h"

#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "kernels/compensated_sum.h"
#include "kernels/slate_objective/response_reward.h"

namespace pope {

pope_objective slate_objective(const pope_objective& objective, int64_t size) {
  pope_objective own = objective;
  if (own.estimator == POPE_BOUND) {
    own.transform = POPE_IDENTITY;
    own.baseline = 0;
    if (size == 1) own.estimator = POPE_DECOMPOSED;
  }
  return own;
}

double query_weight(const pope_slate_log& log, int64_t slate) {
  return log.query_weight ? log.query_weight[slate] : 1;
}

double query_weight_sum(const pope_slate_log& log) {
  CompensatedSum sum;
  for (int64_t slate = 0; slate < log.slates; ++slate) sum.add(query_weight(log, slate));
  return sum.value();
}

double log_geometric_mean(const pope_objective& objective, const pope_slate_log& log, int64_t slate, RewardPart part) {
  const int64_t first = log.slate_offsets[slate], last = log.slate_offsets[slate + 1];
  CompensatedSum sum;
  for (int64_t k = first; k < last; ++k) {
    const ResponseReward reward = response_reward(objective, log, k);
    const double bracket = part == RewardPart::all       ? reward.bracket()
                           : part == RewardPart::utility ? reward.utility
                                                         : reward.diversity;
    if (!(reward.sign * bracket > 0)) return -std::numeric_limits<double>::infinity();
    sum.add(log.log_prob[k] - log.logging_log_prob[k]);
    sum.add(reward.log_scale);
    sum.add(std::log(std::fabs(bracket)));
  }
  return sum.value() / static_cast<double>(last - first);
}

void require_finite(double value, int64_t slate) {
  if (std::isfinite(value)) return;
  throw Error(Status::weight_overflow,
              "the weighted reward of slate " + std::to_string(slate) +
                  " is not a finite number; clip the weights or normalise the log-probabilities",
              slate);
}

}  // namespace pope
