#include "kernels/slate_objective/slate_log.cuda.h"
#include "kernels/slate_objective/slate_objective.cuda.h"

namespace pope::cuda {

namespace {

__global__ void __launch_bounds__(kSlateThreads) slate_value_kernel(pope_slate_value_args args, RefusalWord* refusals) {
  for (int64_t slate = int64_t{blockIdx.x} * kSlateThreads + threadIdx.x; slate < args.log.slates;
       slate += int64_t{gridDim.x} * kSlateThreads) {
    const Part part = read_slate(args.log, slate, refusals);
    Contribution x = {NAN, NAN, NAN};
    double share = 1;
    if (part.valid) {
      const pope_objective objective = slate_objective(args.objective, part.last - part.first);
      const Slate view{objective, args.log, part.first, part.last};
      const auto overflow = [&](double) { refuse(refusals, Check::weight, slate); };
      x = slate_contribution(view, overflow);
      if (objective.reduction == POPE_MEAN) share = 1 / view.size();
      require(isfinite(x.total) && isfinite(x.utility) && isfinite(x.diversity), refusals, Check::result, slate);
      for (int64_t k = part.first; args.response_rewards && k < part.last; ++k) {
        args.response_rewards[k] = view.reward(k).value();
      }
    }
    args.contributions[slate] = share * x.total;
    if (args.utilities) args.utilities[slate] = share * x.utility;
    if (args.diversities) args.diversities[slate] = share * x.diversity;
  }
}

__global__ void __launch_bounds__(kSumThreads) totals_kernel(pope_slate_value_args args, RefusalWord* refusals) {
  const double weight_sum = query_weight_sum(args.log, refusals);
  const double* const parts[] = {args.contributions, args.utilities, args.diversities};
  for (int i = 0; i < 3; ++i) {
    const auto term = [&](int64_t slate) { return query_weight(args.log, slate) * parts[i][slate]; };
    const double sum = sum_over_slates(args.log.slates, term);
    if (threadIdx.x == 0) args.totals[i] = sum / weight_sum;
  }
}

}  // namespace

void slate_value(const pope_slate_value_args& args, Stream& stream) {
  const int64_t slates = args.log.slates;
  if (slates == 0) require_no_elements("slate_value", "slate_offsets", args.log.log_prob_count);
  RefusalWord* const refusals = stream.refusals(describe_slates("slate_value"));
  // The totals need both parts, wanted or not.
  const auto utilities = stream.scratch<double>(args.utilities ? 0 : slates);
  const auto diversities = stream.scratch<double>(args.diversities ? 0 : slates);
  pope_slate_value_args own = args;
  if (!own.utilities) own.utilities = utilities.data();
  if (!own.diversities) own.diversities = diversities.data();
  if (slates > 0) {
    POPE_LAUNCH(slate_value_kernel, stream.blocks(slates, kSlateThreads), kSlateThreads, 0, stream.handle(), own,
                refusals);
  }
  if (args.totals) POPE_LAUNCH(totals_kernel, 1, kSumThreads, 0, stream.handle(), own, refusals);
}

}  // namespace pope::cuda
