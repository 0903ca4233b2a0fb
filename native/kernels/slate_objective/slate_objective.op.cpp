#include "abi/abi.h"
#include "kernels/op.h"

namespace pope {

namespace {

pope_objective bind_objective(const OpCall& call) {
  pope_objective objective{};
  objective.estimator = static_cast<int32_t>(call.dim(1));
  objective.form = static_cast<int32_t>(call.dim(2));
  objective.transform = static_cast<int32_t>(call.dim(3));
  objective.reduction = static_cast<int32_t>(call.dim(4));
  objective.lambda_cu = call.scalar(0);
  objective.lambda_div = call.scalar(1);
  objective.transform_parameter = call.scalar(2);
  return objective;
}

pope_slate_log bind_log(const OpCall& call) {
  pope_slate_log log{};
  const int64_t responses = call.input_count<double>(0);
  log.slates = call.size(0);
  log.log_prob = call.input<double>(0, responses);
  log.logging_log_prob = call.input<double>(1, responses);
  log.reward = call.input<double>(2, responses);
  log.entropy = call.optional_input<double>(3, responses);
  log.slate_offsets = call.input<int32_t>(4, log.slates + 1);
  log.query_weight = call.optional_input<double>(5, log.slates);
  log.log_prob_count = log.logging_log_prob_count = log.reward_count = responses;
  log.entropy_count = log.entropy ? responses : 0;
  log.slate_offsets_count = log.slates + 1;
  log.query_weight_count = log.query_weight ? log.slates : 0;
  return log;
}

}  // namespace

Work prepare_slate_value(const OpCall& call) {
  pope_slate_value_args args{};
  args.objective = bind_objective(call);
  args.log = bind_log(call);
  const int64_t slates = args.log.slates, responses = args.log.log_prob_count;
  args.contributions = call.output<double>(0, slates);
  args.contributions_count = slates;
  args.utilities = call.optional_output<double>(1, slates);
  args.utilities_count = args.utilities ? slates : 0;
  args.diversities = call.optional_output<double>(2, slates);
  args.diversities_count = args.diversities ? slates : 0;
  args.response_rewards = call.optional_output<double>(3, responses);
  args.response_rewards_count = args.response_rewards ? responses : 0;
  args.totals = call.optional_output<double>(4, 3);
  args.totals_count = args.totals ? 3 : 0;
  return abi::slate_value_function.work(args);
}

Work prepare_slate_coefficients(const OpCall& call) {
  pope_slate_coefficients_args args{};
  args.objective = bind_objective(call);
  args.objective.score = static_cast<int32_t>(call.dim(5));
  args.objective.baseline = call.scalar(3);
  args.log = bind_log(call);
  const int64_t responses = args.log.log_prob_count;
  args.coefficients = call.output<double>(0, responses);
  args.coefficients_count = responses;
  args.entropy_coefficients = call.optional_output<double>(1, responses);
  args.entropy_coefficients_count = args.entropy_coefficients ? responses : 0;
  return abi::slate_coefficients_function.work(args);
}

}  // namespace pope
