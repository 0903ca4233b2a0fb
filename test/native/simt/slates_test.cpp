// sequence_reduce, weights, slate_value and slate_coefficients against their definitions in long double.
#include <vector>

#include "kernel_check.h"
#include "kernels/sequence_reduce/sequence_reduce.cuda.h"
#include "kernels/sequence_reduce/sequence_reduce.reference.h"
#include "kernels/slate_objective/slate_objective.cuda.h"
#include "kernels/slate_objective/slate_objective.reference.h"
#include "kernels/weights/weights.cuda.h"

using namespace pope;

namespace {

template <class T>
HeapArray<T> offsets_of(const std::vector<int64_t>& sizes) {
  HeapArray<T> offsets(static_cast<int64_t>(sizes.size()) + 1);
  offsets[0] = 0;
  for (size_t i = 0; i < sizes.size(); ++i) offsets[i + 1] = static_cast<T>(offsets[i] + sizes[i]);
  return offsets;
}

// An output once for the kernel and once for the reference.
struct Output {
  HeapArray<double> got, expected;
  explicit Output(int64_t count) : got(count), expected(count) {}
};

void sequences(cuda::Stream& stream, const std::vector<int64_t>& sizes) {
  const HeapArray<int64_t> offsets = offsets_of<int64_t>(sizes);
  const auto responses = static_cast<int64_t>(sizes.size());
  const HeapArray<float> values(offsets[responses], [](int64_t i) { return 3 * random_number(i, 7); });
  const Output sums(responses), means(responses);
  pope_sequence_reduce_args args{};
  args.responses = responses;
  args.values = values.data();
  args.values_count = values.count();
  args.offsets = offsets.data();
  args.sums = sums.expected.data();
  args.means = means.expected.data();
  reference::sequence_reduce(args);
  args.sums = sums.got.data();
  args.means = means.got.data();
  cuda::sequence_reduce(args, stream);
  CHECK(!refusal(stream));
  check_close("sums", sums.got, sums.expected, {1e-12, 1e-12});
  check_close("means", means.got, means.expected, {1e-12, 1e-12});
}

// A log of slates; entropies and query weights are given or not.
struct Log {
  HeapArray<int32_t> offsets;
  int64_t slates = offsets.count() - 1, responses = offsets[slates];
  HeapArray<double> log_prob{responses, [](int64_t i) { return -1.5 + random_number(i, 11); }};
  HeapArray<double> logging{responses, [](int64_t i) { return -1.5 + random_number(i, 12); }};
  HeapArray<double> reward{responses, [](int64_t i) { return 0.5 + 0.5 * random_number(i, 13); }};
  HeapArray<double> entropy{responses, [](int64_t i) { return 2 + random_number(i, 14); }};
  HeapArray<double> query_weight{slates, [](int64_t i) { return 1.1 + random_number(i, 15); }};

  explicit Log(const std::vector<int64_t>& sizes) : offsets(offsets_of<int32_t>(sizes)) {}

  pope_slate_log view(bool with_extras) const {
    pope_slate_log log{};
    log.slates = slates;
    log.log_prob = log_prob.data();
    log.logging_log_prob = logging.data();
    log.reward = reward.data();
    log.slate_offsets = offsets.data();
    log.log_prob_count = log.logging_log_prob_count = log.reward_count = responses;
    if (with_extras) {
      log.entropy = entropy.data();
      log.query_weight = query_weight.data();
    }
    return log;
  }
};

// Each with a parameter that it takes.
constexpr double kParameters[] = {0, 1.3, 0.4, 2.5, 0.3};
constexpr Tolerance kTight = {1e-12, 1e-11};

void weights_of(cuda::Stream& stream, const Log& log) {
  for (int32_t level = POPE_RESPONSE_WEIGHT; level <= POPE_GEOMETRIC_WEIGHT; ++level) {
    for (int32_t transform = POPE_IDENTITY; transform <= POPE_SUB_GAUSSIAN; ++transform) {
      const int64_t count = level == POPE_RESPONSE_WEIGHT ? log.responses : log.slates;
      const Output log_weights(count), weights(count), derivatives(count);
      pope_weights_args args{};
      args.slates = log.slates;
      args.level = level;
      args.transform = transform;
      args.transform_parameter = kParameters[transform];
      args.log_prob = log.log_prob.data();
      args.logging_log_prob = log.logging.data();
      args.log_prob_count = log.responses;
      args.slate_offsets = log.offsets.data();
      args.log_weights = log_weights.expected.data();
      args.weights = weights.expected.data();
      args.derivatives = derivatives.expected.data();
      reference::weights(args);
      args.log_weights = log_weights.got.data();
      args.weights = weights.got.data();
      args.derivatives = derivatives.got.data();
      cuda::weights(args, stream);
      CHECK(!refusal(stream));
      check_close("log_weights", log_weights.got, log_weights.expected, kTight);
      check_close("weights", weights.got, weights.expected, kTight);
      check_close("derivatives", derivatives.got, derivatives.expected, kTight);
    }
  }
}

void objective_of(cuda::Stream& stream, const Log& log, const pope_objective& objective, bool extras) {
  const Output contributions(log.slates), utilities(log.slates), diversities(log.slates), rewards(log.responses),
      totals(3);
  pope_slate_value_args value{};
  value.objective = objective;
  value.log = log.view(extras);
  value.contributions = contributions.expected.data();
  value.utilities = utilities.expected.data();
  value.diversities = diversities.expected.data();
  value.response_rewards = rewards.expected.data();
  value.totals = totals.expected.data();
  reference::slate_value(value);
  value.contributions = contributions.got.data();
  value.utilities = extras ? utilities.got.data() : nullptr;
  value.diversities = extras ? diversities.got.data() : nullptr;
  value.response_rewards = rewards.got.data();
  value.totals = totals.got.data();
  cuda::slate_value(value, stream);
  CHECK(!refusal(stream));
  check_close("contributions", contributions.got, contributions.expected, kTight);
  check_close("response rewards", rewards.got, rewards.expected, kTight);
  check_close("totals", totals.got, totals.expected, kTight);
  if (extras) check_close("utilities", utilities.got, utilities.expected, kTight);
  if (extras) check_close("diversities", diversities.got, diversities.expected, kTight);

  if (objective.estimator == POPE_BOUND && objective.score) return;
  const Output by_log_prob(log.responses), by_entropy(log.responses);
  pope_slate_coefficients_args coefficients{};
  coefficients.objective = objective;
  coefficients.log = log.view(extras);
  coefficients.log.log_prob_count = log.responses;
  coefficients.coefficients = by_log_prob.expected.data();
  coefficients.entropy_coefficients = extras ? by_entropy.expected.data() : nullptr;
  reference::slate_coefficients(coefficients);
  coefficients.coefficients = by_log_prob.got.data();
  coefficients.entropy_coefficients = extras ? by_entropy.got.data() : nullptr;
  cuda::slate_coefficients(coefficients, stream);
  CHECK(!refusal(stream));
  check_close("coefficients", by_log_prob.got, by_log_prob.expected, kTight);
  if (extras) check_close("entropy coefficients", by_entropy.got, by_entropy.expected, kTight);
}

void objectives_of(cuda::Stream& stream, const Log& log) {
  int turn = 0;
  for (int32_t estimator = POPE_SLATE; estimator <= POPE_BOUND; ++estimator) {
    for (int32_t form = POPE_EXPECTED; form <= POPE_GATED; ++form) {
      for (int32_t transform = POPE_IDENTITY; transform <= POPE_SUB_GAUSSIAN; ++transform, ++turn) {
        if (brief && (form != transform)) continue;
        pope_objective objective{};
        objective.estimator = estimator;
        objective.form = form;
        objective.transform = transform;
        objective.transform_parameter = kParameters[transform];
        objective.reduction = turn % 2;
        objective.score = turn / 2 % 2;
        objective.lambda_cu = 1.5;
        objective.lambda_div = 0.7;
        objective.baseline = turn % 3 == 0 ? 0.25 : 0;
        objective_of(stream, log, objective, turn % 2 == 1);
      }
    }
  }
}

// Every refusal of the CPU, at the place that the CPU names.
void refusals(cuda::Stream& stream) {
  const auto weigh = [&](const Log& log, Status status, int64_t index, int32_t level = POPE_SLATE_WEIGHT) {
    const HeapArray<double> weights(log.responses);
    pope_weights_args args{};
    args.slates = log.slates;
    args.level = level;
    args.log_prob = log.log_prob.data();
    args.logging_log_prob = log.logging.data();
    args.log_prob_count = log.responses;
    args.slate_offsets = log.offsets.data();
    args.weights = weights.data();
    cuda::weights(args, stream);
    check_refused(stream, status, index);
  };
  const auto value = [&](const Log& log, Status status, int64_t index) {
    const HeapArray<double> contributions(log.slates), totals(3), coefficients(log.responses);
    pope_slate_value_args args{};
    args.log = log.view(true);
    args.contributions = contributions.data();
    args.totals = totals.data();
    cuda::slate_value(args, stream);
    check_refused(stream, status, index);
    pope_slate_coefficients_args gradient{};
    gradient.log = args.log;
    gradient.coefficients = coefficients.data();
    cuda::slate_coefficients(gradient, stream);
    check_refused(stream, status, index);
  };
  const auto changed = [](const auto& change) {
    Log log({3, 1, 4, 2});
    change(log);
    return log;
  };
  weigh(changed([](Log& log) { log.offsets[0] = 1; }), Status::out_of_range, 0);
  weigh(changed([](Log& log) { log.offsets[2] = 3; }), Status::out_of_range, 1);
  weigh(changed([](Log& log) { log.offsets[2] = 1000; }), Status::out_of_range, 2);
  weigh(changed([](Log& log) { log.offsets[4] = 1000; }), Status::out_of_range, 4);
  weigh(changed([](Log& log) { log.log_prob[5] = NAN; }), Status::non_finite, 5);
  weigh(changed([](Log& log) { log.logging[0] = -INFINITY; }), Status::non_finite, 0);
  weigh(changed([](Log& log) { log.log_prob[4] = 800; }), Status::weight_overflow, 2);
  weigh(changed([](Log& log) { log.log_prob[4] = 800; }), Status::weight_overflow, 4, POPE_RESPONSE_WEIGHT);
  value(changed([](Log& log) { log.offsets[1] = 5; }), Status::out_of_range, 1);
  value(changed([](Log& log) { log.reward[9] = NAN; }), Status::non_finite, 9);
  value(changed([](Log& log) { log.entropy[1] = INFINITY; }), Status::non_finite, 1);
  value(changed([](Log& log) { log.query_weight[3] = -1; }), Status::invalid_argument, 3);
  value(changed([](Log& log) { for (int i = 0; i < 4; ++i) log.query_weight[i] = 0; }), Status::invalid_argument, -1);
  value(changed([](Log& log) { log.log_prob[4] = 800; }), Status::weight_overflow, 2);
  // An input that is no number comes before a weight that overflows, wherever the two are.
  value(changed([](Log& log) { log.log_prob[0] = 800, log.log_prob[9] = NAN; }), Status::non_finite, 9);

  const HeapArray<int64_t> offsets = offsets_of<int64_t>({2, 3});
  const HeapArray<float> tokens(5, [](int64_t) { return 1; });
  const HeapArray<double> sums(2);
  pope_sequence_reduce_args args{};
  args.responses = 2;
  args.values = tokens.data();
  args.values_count = 4;
  args.offsets = offsets.data();
  args.sums = sums.data();
  cuda::sequence_reduce(args, stream);
  check_refused(stream, Status::out_of_range, 2);
  CHECK(sums[0] == 2 && std::isnan(sums[1]));
}

}  // namespace

void test_slates() {
  cuda::Stream stream;
  std::vector<int64_t> many;
  for (int64_t i = 0; i < 700; ++i) many.push_back(1 + i % 5);
  if (brief) many.resize(40);
  weights_of(stream, Log(many));
  objectives_of(stream, Log(many));
  sequences(stream, brief ? std::vector<int64_t>{3, 0, 70} : std::vector<int64_t>{0, 1, 31, 32, 33, 1009, 0});
  if (brief) return;
  sequences(stream, many);
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{}, {1}, {3, 1, 7}}) {
    sequences(stream, sizes);
    weights_of(stream, Log(sizes));
    objectives_of(stream, Log(sizes));
  }
  refusals(stream);
}
