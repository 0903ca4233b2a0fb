#include "kernels/slate_objective/slate_log.cuda.h"
#include "kernels/slate_objective/slate_objective.cuda.h"

namespace pope::cuda {

namespace {

__global__ void __launch_bounds__(kSumThreads) weight_sum_kernel(pope_slate_log log, double* sum,
                                                                 RefusalWord* refusals) {
  const double value = query_weight_sum(log, refusals);
  if (threadIdx.x == 0) *sum = value;
}

__global__ void __launch_bounds__(kSlateThreads) slate_coefficients_kernel(pope_slate_coefficients_args args,
                                                                           const double* weight_sum,
                                                                           RefusalWord* refusals) {
  for (int64_t slate = int64_t{blockIdx.x} * kSlateThreads + threadIdx.x; slate < args.log.slates;
       slate += int64_t{gridDim.x} * kSlateThreads) {
    const Part part = read_slate(args.log, slate, refusals);
    if (!part.valid) continue;
    const pope_objective objective = slate_objective(args.objective, part.last - part.first);
    const Slate view{objective, args.log, part.first, part.last};
    double share = query_weight(args.log, slate) / *weight_sum;
    if (objective.reduction == POPE_MEAN) share /= view.size();
    const auto overflow = [&](double) { refuse(refusals, Check::weight, slate); };
    slate_derivatives(view, overflow, [&](int64_t k, double by_log_prob, double by_entropy) {
      require(isfinite(by_log_prob), refusals, Check::result, slate);
      args.coefficients[k] = share * by_log_prob;
      if (!args.entropy_coefficients) return;
      require(isfinite(by_entropy), refusals, Check::result, slate);
      args.entropy_coefficients[k] = share * by_entropy;
    });
  }
}

}  // namespace

void slate_coefficients(const pope_slate_coefficients_args& args, Stream& stream) {
  const int64_t slates = args.log.slates, responses = args.log.log_prob_count;
  if (slates == 0) return require_no_elements("slate_coefficients", "slate_offsets", responses);
  RefusalWord* const refusals = stream.refusals(describe_slates("slate_coefficients"));
  const auto weight_sum = stream.scratch<double>(1);
  // NaN for the responses of a slate that cannot be read.
  stream.fill_bytes(args.coefficients, 0xff, static_cast<size_t>(responses) * sizeof(double));
  if (args.entropy_coefficients) {
    stream.fill_bytes(args.entropy_coefficients, 0xff, static_cast<size_t>(responses) * sizeof(double));
  }
  POPE_LAUNCH(weight_sum_kernel, 1, kSumThreads, 0, stream.handle(), args.log, weight_sum.data(), refusals);
  POPE_LAUNCH(slate_coefficients_kernel, stream.blocks(slates, kSlateThreads), kSlateThreads, 0, stream.handle(), args,
              weight_sum.data(), refusals);
}

}  // namespace pope::cuda
