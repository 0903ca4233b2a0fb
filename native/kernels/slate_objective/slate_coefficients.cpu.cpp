#include "kernels/slate_objective/slate_formulas.h"
#include "kernels/slate_objective/slate_objective.h"
#include "kernels/weights/weights.h"

namespace pope {

void slate_coefficients(const pope_slate_coefficients_args& args, ThreadPool& pool) {
  const pope_slate_log& log = args.log;
  const double weight_sum = query_weight_sum(log);
  pool.parallel_for(log.slates, kSlateGrain, [&](int64_t begin, int64_t end) {
    for (int64_t slate = begin; slate < end; ++slate) {
      const int64_t first = log.slate_offsets[slate], last = log.slate_offsets[slate + 1];
      const pope_objective objective = slate_objective(args.objective, last - first);
      double share = query_weight(log, slate) / weight_sum;
      if (objective.reduction == POPE_MEAN) share /= static_cast<double>(last - first);
      const auto overflow = [&](double log_weight) { throw_weight_overflow(log_weight, "slate", slate); };
      slate_derivatives(Slate{objective, log, first, last}, overflow,
                        [&](int64_t k, double by_log_prob, double by_entropy) {
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
