#include "abi/abi.h"

#ifdef POPE_REFERENCE
#include "kernels/slate_objective/slate_objective.reference.h"
#else
#include "kernels/slate_objective/slate_objective.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/slate_objective/slate_objective.cuda.h"
#endif

namespace pope::abi {

namespace {

void check_objective(const Arguments& arguments, const pope_objective& objective) {
  arguments.choice("estimator", objective.estimator, POPE_BOUND + 1);
  arguments.choice("form", objective.form, POPE_GATED + 1);
  arguments.choice("reduction", objective.reduction, POPE_MEAN + 1);
  arguments.choice("score", objective.score, 2);
  arguments.transform(objective.transform, objective.transform_parameter);
  arguments.finite("lambda_cu", objective.lambda_cu);
  arguments.finite("lambda_div", objective.lambda_div);
  arguments.finite("baseline", objective.baseline);
}

void check_log(const Arguments& arguments, const pope_slate_log& log) {
  const int64_t responses = log.log_prob_count;
  arguments.size("slates", log.slates);
  arguments.size("log_prob_count", responses);
  arguments.buffer("log_prob", log.log_prob, responses, responses);
  arguments.buffer("logging_log_prob", log.logging_log_prob, log.logging_log_prob_count, responses);
  arguments.buffer("reward", log.reward, log.reward_count, responses);
  arguments.optional_buffer("entropy", log.entropy, log.entropy_count, responses);
  arguments.offsets("slate_offsets", log.slate_offsets, log.slate_offsets_count, log.slates, responses, true);
  arguments.optional_buffer("query_weight", log.query_weight, log.query_weight_count, log.slates);
  arguments.finite("log_prob", log.log_prob, responses);
  arguments.finite("logging_log_prob", log.logging_log_prob, responses);
  arguments.finite("reward", log.reward, responses);
  if (log.entropy) arguments.finite("entropy", log.entropy, responses);
  if (!log.query_weight) return;
  arguments.finite("query_weight", log.query_weight, log.slates);
  if (!arguments.host_memory()) return;
  bool positive = false;
  for (int64_t slate = 0; slate < log.slates; ++slate) {
    if (log.query_weight[slate] < 0) {
      arguments.fail(Status::invalid_argument, "query_weight[" + std::to_string(slate) + "] is negative", slate);
    }
    positive |= log.query_weight[slate] > 0;
  }
  if (!positive && log.slates > 0) arguments.fail(Status::invalid_argument, "every query_weight is 0");
}

void check_value(const Arguments& arguments, const pope_slate_value_args& args) {
  check_objective(arguments, args.objective);
  check_log(arguments, args.log);
  const int64_t slates = args.log.slates, responses = args.log.log_prob_count;
  arguments.buffer("contributions", args.contributions, args.contributions_count, slates);
  arguments.optional_buffer("utilities", args.utilities, args.utilities_count, slates);
  arguments.optional_buffer("diversities", args.diversities, args.diversities_count, slates);
  arguments.optional_buffer("response_rewards", args.response_rewards, args.response_rewards_count, responses);
  arguments.optional_buffer("totals", args.totals, args.totals_count, 3);
  if (args.totals && slates == 0) arguments.fail(Status::invalid_argument, "a log without slates has no value");
}

void check_coefficients(const Arguments& arguments, const pope_slate_coefficients_args& args) {
  check_objective(arguments, args.objective);
  check_log(arguments, args.log);
  if (args.objective.score && args.objective.estimator == POPE_BOUND) {
    arguments.fail(Status::invalid_argument, "the bound has no score form; use the exact derivative");
  }
  const int64_t responses = args.log.log_prob_count;
  arguments.buffer("coefficients", args.coefficients, args.coefficients_count, responses);
  if (args.log.entropy) {
    arguments.buffer("entropy_coefficients", args.entropy_coefficients, args.entropy_coefficients_count, responses);
  } else if (args.entropy_coefficients) {
    arguments.fail(Status::invalid_argument, "entropy_coefficients are given, but log.entropy is not");
  }
}

#ifdef POPE_REFERENCE
void run_value(const pope_slate_value_args& args, ThreadPool&) { reference::slate_value(args); }
void run_coefficients(const pope_slate_coefficients_args& args, ThreadPool&) { reference::slate_coefficients(args); }
#else
void run_value(const pope_slate_value_args& args, ThreadPool& pool) { slate_value(args, pool); }
void run_coefficients(const pope_slate_coefficients_args& args, ThreadPool& pool) { slate_coefficients(args, pool); }
#endif

}  // namespace

const Function<pope_slate_value_args> slate_value_function{
    "slate_value", check_value, run_value, POPE_ON_CUDA(cuda::slate_value)};
const Function<pope_slate_coefficients_args> slate_coefficients_function{
    "slate_coefficients", check_coefficients, run_coefficients, POPE_ON_CUDA(cuda::slate_coefficients)};

}  // namespace pope::abi

int32_t pope_slate_value(const pope_slate_value_args* args) {
  return pope::abi::slate_value_function.call(args);
}

int32_t pope_slate_coefficients(const pope_slate_coefficients_args* args) {
  return pope::abi::slate_coefficients_function.call(args);
}
