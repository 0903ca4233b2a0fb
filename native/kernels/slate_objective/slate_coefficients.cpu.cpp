#include <cmath>

#include "kernels/compensated_sum.h"
#include "kernels/slate_objective/response_reward.h"
#include "kernels/slate_objective/slate_objective.h"
#include "kernels/weights/weights.h"

namespace pope {

namespace {

// dx / dl_k and dx / dH_k of one slate's contribution x, under the sum reduction.
struct Slate {
  const pope_objective& objective;
  const pope_slate_log& log;
  int64_t slate, first, last;

  Weight weight(double log_weight) const {
    return transform_weight(objective.transform, objective.transform_parameter, log_weight, "slate", slate);
  }

  // sum_j (R_j - baseline)
  double reward_sum() const {
    CompensatedSum sum;
    for (int64_t k = first; k < last; ++k) sum.add(response_reward(objective, log, k).value() - objective.baseline);
    return sum.value();
  }

  // exact: w h'(w) R + h(w) R'; score: h(w) R. `advantage` is what multiplies the derivative of the weight.
  template <class Store>
  void add_weighted(int64_t k, const Weight& w, double advantage, const Store& store) const {
    const ResponseReward reward = response_reward(objective, log, k);
    store(k, objective.score ? w.value * advantage : w.derivative * advantage + w.value * reward.slope(),
          w.value * reward.scale * reward.entropy_slope);
  }

  template <class Store>
  void each(const Store& store) const {
    if (objective.estimator == POPE_SLATE) {
      const Weight w = weight(log_weight_sum(log.log_prob, log.logging_log_prob, first, last));
      const double advantage = reward_sum();
      for (int64_t k = first; k < last; ++k) add_weighted(k, w, advantage, store);
    } else if (objective.estimator == POPE_DECOMPOSED) {
      for (int64_t k = first; k < last; ++k) {
        const double advantage = response_reward(objective, log, k).value() - objective.baseline;
        add_weighted(k, weight(log.log_prob[k] - log.logging_log_prob[k]), advantage, store);
      }
    } else {
      const double mean = std::exp(log_geometric_mean(objective, log, slate, RewardPart::all));
      for (int64_t k = first; k < last; ++k) {
        const ResponseReward reward = response_reward(objective, log, k);
        // A geometric mean of 0 stands for an R_k <= 0, where the bound is constant.
        store(k, mean == 0 ? 0 : mean * (1 + reward.relative_slope()),
              mean == 0 ? 0 : mean * (reward.entropy_slope / reward.bracket()));
      }
    }
  }
};

}  // namespace

void slate_coefficients(const pope_slate_coefficients_args& args, ThreadPool& pool) {
  const pope_slate_log& log = args.log;
  const double weight_sum = query_weight_sum(log);
  pool.parallel_for(log.slates, kSlateGrain, [&](int64_t begin, int64_t end) {
    for (int64_t slate = begin; slate < end; ++slate) {
      const int64_t first = log.slate_offsets[slate], last = log.slate_offsets[slate + 1];
      const pope_objective objective = slate_objective(args.objective, last - first);
      double share = query_weight(log, slate) / weight_sum;
      if (objective.reduction == POPE_MEAN) share /= static_cast<double>(last - first);
      Slate{objective, log, slate, first, last}.each([&](int64_t k, double by_log_prob, double by_entropy) {
        require_finite(by_log_prob, slate);
        args.coefficients[k] = share * by_log_prob;
        if (!args.entropy_coefficients) return;
        require_finite(by_entropy, slate);
        args.entropy_coefficients[k] = share * by_entropy;
      });
    }
  });
}

}  // namespace pope
