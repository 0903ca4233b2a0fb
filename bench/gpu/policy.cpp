// The kernels over responses and slates: 2^22 responses in slates of four (2^18 in the checks). Limits: every number is
// read once and every result written once.
#include <deque>
#include <numeric>

#include "bench.h"
#include "core/thread_pool.h"
#include "kernels/sequence_reduce/sequence_reduce.cuda.h"
#include "kernels/sequence_reduce/sequence_reduce.h"
#include "kernels/slate_objective/slate_objective.cuda.h"
#include "kernels/slate_objective/slate_objective.h"
#include "kernels/weights/weights.cuda.h"
#include "kernels/weights/weights.h"

namespace bench {

namespace {

constexpr int64_t kSlateSize = 4;

std::vector<int32_t> slate_cuts(int64_t slates) {
  std::vector<int32_t> offsets(slates + 1);
  for (int64_t i = 0; i <= slates; ++i) offsets[i] = static_cast<int32_t>(i * kSlateSize);
  return offsets;
}

// A log of random slates, on the host.
struct Log {
  int64_t slates, responses;
  std::vector<double> log_prob, logging_log_prob, reward, query_weight;
  std::vector<int32_t> offsets;

  Log(int64_t slates, uint64_t seed)
      : slates(slates),
        responses(slates * kSlateSize),
        log_prob(random_doubles(responses, seed, -3, -0.5)),
        logging_log_prob(random_doubles(responses, seed + 1, -3, -0.5)),
        reward(random_doubles(responses, seed + 2, 0, 1)),
        query_weight(random_doubles(slates, seed + 3, 0.5, 1.5)),
        offsets(slate_cuts(slates)) {}

  std::string shape() const { return std::to_string(slates) + " slates of " + std::to_string(kSlateSize); }
};

// The same on the device, and results.
struct DeviceLog {
  Array<double> log_prob, logging_log_prob, reward, query_weight, contributions, coefficients, weights, totals;
  Array<int32_t> offsets;

  explicit DeviceLog(const Log& log)
      : log_prob(log.log_prob),
        logging_log_prob(log.logging_log_prob),
        reward(log.reward),
        query_weight(log.query_weight),
        contributions(log.slates),
        coefficients(log.responses),
        weights(log.responses),
        totals(3),
        offsets(log.offsets) {}
};

struct Transform {
  const char* name;
  int32_t transform;
  double parameter;
};
constexpr Transform kTransforms[] = {{"identity", POPE_IDENTITY, 0},
                                     {"clip", POPE_CLIP, 2},
                                     {"power", POPE_POWER, 0.5},
                                     {"shrinkage", POPE_SHRINKAGE, 3},
                                     {"sub-Gaussian", POPE_SUB_GAUSSIAN, 0.2}};

pope_weights_args weights_of(const Transform& transform, const Log& log, const double* log_prob,
                             const double* logging_log_prob, const int32_t* offsets, double* weights) {
  pope_weights_args args{};
  args.level = POPE_RESPONSE_WEIGHT;
  args.transform = transform.transform;
  args.transform_parameter = transform.parameter;
  args.slates = log.slates;
  args.log_prob = log_prob;
  args.log_prob_count = args.logging_log_prob_count = args.weights_count = log.responses;
  args.logging_log_prob = logging_log_prob;
  args.slate_offsets = offsets;
  args.slate_offsets_count = log.slates + 1;
  args.weights = weights;
  return args;
}

pope_weights_args on_device(const Transform& transform, const Log& log, const DeviceLog& device) {
  return weights_of(transform, log, device.log_prob.data(), device.logging_log_prob.data(), device.offsets.data(),
                    device.weights.data());
}

struct Estimator {
  const char* name;
  int32_t estimator, form;
};
constexpr Estimator kEstimators[] = {{"slate, soft", POPE_SLATE, POPE_SOFT},
                                     {"decomposed, expected", POPE_DECOMPOSED, POPE_EXPECTED},
                                     {"decomposed, gated", POPE_DECOMPOSED, POPE_GATED},
                                     {"bound, expected", POPE_BOUND, POPE_EXPECTED}};

pope_objective objective_of(const Estimator& estimator) {
  return {.estimator = estimator.estimator,
          .form = estimator.form,
          .transform = POPE_CLIP,
          .reduction = POPE_MEAN,
          .lambda_cu = 1,
          .lambda_div = 0.1,
          .transform_parameter = 2,
          .baseline = 0,
          .score = 0,
          .reserved = 0};
}

pope_slate_log log_of(const Log& log, const double* log_prob, const double* logging_log_prob, const double* reward,
                      const double* query_weight, const int32_t* offsets) {
  pope_slate_log args{};
  args.slates = log.slates;
  args.log_prob = log_prob;
  args.logging_log_prob = logging_log_prob;
  args.reward = reward;
  args.log_prob_count = args.logging_log_prob_count = args.reward_count = log.responses;
  args.slate_offsets = offsets;
  args.slate_offsets_count = log.slates + 1;
  args.query_weight = query_weight;
  args.query_weight_count = log.slates;
  return args;
}

pope_slate_log on_device(const Log& log, const DeviceLog& device) {
  return log_of(log, device.log_prob.data(), device.logging_log_prob.data(), device.reward.data(),
                device.query_weight.data(), device.offsets.data());
}

pope_slate_value_args value_of(const Estimator& estimator, const pope_slate_log& log, double* contributions,
                               double* totals) {
  pope_slate_value_args args{};
  args.objective = objective_of(estimator);
  args.log = log;
  args.contributions = contributions;
  args.contributions_count = log.slates;
  args.totals = totals;
  args.totals_count = 3;
  return args;
}

pope_slate_coefficients_args coefficients_of(const Estimator& estimator, const pope_slate_log& log, double* to) {
  pope_slate_coefficients_args args{};
  args.objective = objective_of(estimator);
  args.log = log;
  args.coefficients = to;
  args.coefficients_count = log.log_prob_count;
  return args;
}

// Responses of 1 to 511 tokens.
struct Tokens {
  std::vector<int64_t> offsets;
  std::vector<float> values;

  explicit Tokens(int64_t responses) : offsets(responses + 1) {
    const std::vector<double> lengths = random_doubles(responses, 5, 1, 512);
    for (int64_t i = 0; i < responses; ++i) offsets[i + 1] = offsets[i] + static_cast<int64_t>(lengths[i]);
    const std::vector<double> numbers = random_doubles(offsets.back(), 6, -5, 0);
    values.assign(numbers.begin(), numbers.end());
  }
};

pope_sequence_reduce_args reduce_of(int64_t responses, int64_t tokens, const float* values, const int64_t* offsets,
                                    double* sums, double* means) {
  pope_sequence_reduce_args args{};
  args.responses = responses;
  args.values = values;
  args.values_count = tokens;
  args.offsets = offsets;
  args.offsets_count = responses + 1;
  args.sums = sums;
  args.means = means;
  args.sums_count = args.means_count = responses;
  return args;
}

void check(Report& report, int64_t slates) {
  Stream& stream = report.stream();
  pope::ThreadPool& pool = pope::ThreadPool::shared();
  const Log log(slates, 1);
  const DeviceLog device(log);
  const pope_slate_log host_log = log_of(log, log.log_prob.data(), log.logging_log_prob.data(), log.reward.data(),
                                         log.query_weight.data(), log.offsets.data());
  std::vector<double> numbers(log.responses), contributions(slates), totals(3);
  for (const Transform& transform : kTransforms) {
    pope::cuda::weights(on_device(transform, log, device), stream);
    pope::weights(weights_of(transform, log, log.log_prob.data(), log.logging_log_prob.data(), log.offsets.data(),
                             numbers.data()), pool);
    stream.wait();
    report.check(std::string("weights, ") + transform.name, log.shape(), device.weights.read(), numbers, 1e-12);
  }
  for (const Estimator& estimator : kEstimators) {
    pope::cuda::slate_value(value_of(estimator, on_device(log, device), device.contributions.data(),
                                     device.totals.data()), stream);
    pope::cuda::slate_coefficients(coefficients_of(estimator, on_device(log, device), device.coefficients.data()),
                                   stream);
    pope::slate_value(value_of(estimator, host_log, contributions.data(), totals.data()), pool);
    pope::slate_coefficients(coefficients_of(estimator, host_log, numbers.data()), pool);
    stream.wait();
    const std::string name = std::string("slate_value, ") + estimator.name;
    report.check(name, log.shape(), device.contributions.read(), contributions, 1e-12);
    report.check(name + ", totals", log.shape(), device.totals.read(), totals, 1e-12);
    report.check(std::string("coefficients, ") + estimator.name, log.shape(), device.coefficients.read(), numbers, 1e-12);
  }
  const Tokens tokens(slates);
  const Array<float> values(tokens.values);
  const Array<int64_t> offsets(tokens.offsets);
  const Array<double> sums(slates), means(slates);
  const int64_t count = tokens.offsets.back();
  std::vector<double> expected_sums(slates), expected_means(slates);
  pope::cuda::sequence_reduce(reduce_of(slates, count, values.data(), offsets.data(), sums.data(), means.data()), stream);
  pope::sequence_reduce(reduce_of(slates, count, tokens.values.data(), tokens.offsets.data(), expected_sums.data(),
                                  expected_means.data()), pool);
  stream.wait();
  report.check("sequence_reduce, sums", std::to_string(count) + " tokens", sums.read(), expected_sums, 1e-12);
  report.check("sequence_reduce, means", std::to_string(count) + " tokens", means.read(), expected_means, 1e-12);
}

void time(Report& report, int64_t slates) {
  Stream& stream = report.stream();
  const Log log(slates, 1);
  const double numbers = 8.0 * static_cast<double>(log.responses), cuts = 4.0 * static_cast<double>(slates);
  const double per_slate = 8.0 * static_cast<double>(slates);
  const int count = sets_past_cache(stream, static_cast<int64_t>(3 * numbers));
  std::deque<DeviceLog> sets;
  for (int i = 0; i < count; ++i) sets.emplace_back(log);
  Row row{.group = "policy", .shape = log.shape(), .dtype = "f64"};
  for (const Transform& transform : kTransforms) {
    row.name = std::string("weights, ") + transform.name;
    row.bytes = 3 * numbers + cuts;
    row.ms = median_ms(stream, count, [&](int i) { pope::cuda::weights(on_device(transform, log, sets[i]), stream); });
    report.add(row);
  }
  for (const Estimator& estimator : kEstimators) {
    row.name = std::string("slate_value, ") + estimator.name;
    row.bytes = 3 * numbers + cuts + 2 * per_slate;
    row.ms = median_ms(stream, count, [&](int i) {
      const DeviceLog& set = sets[i];
      pope::cuda::slate_value(value_of(estimator, on_device(log, set), set.contributions.data(), set.totals.data()),
                              stream);
    });
    report.add(row);
    row.name = std::string("coefficients, ") + estimator.name;
    row.bytes = 4 * numbers + cuts + per_slate;
    row.ms = median_ms(stream, count, [&](int i) {
      const DeviceLog& set = sets[i];
      pope::cuda::slate_coefficients(coefficients_of(estimator, on_device(log, set), set.coefficients.data()), stream);
    });
    report.add(row);
  }

  const Tokens tokens(slates / 4);
  const int64_t responses = slates / 4, length = tokens.offsets.back();
  std::deque<Array<float>> values;
  const int token_sets = sets_past_cache(stream, 4 * length);
  for (int i = 0; i < token_sets; ++i) values.emplace_back(tokens.values);
  const Array<int64_t> offsets(tokens.offsets);
  const Array<double> sums(responses), means(responses);
  row.name = "sequence_reduce";
  row.shape = std::to_string(length) + " tokens";
  row.dtype = "f32";
  row.bytes = 4.0 * static_cast<double>(length) + 24.0 * static_cast<double>(responses);
  row.ms = median_ms(stream, token_sets, [&](int i) {
    pope::cuda::sequence_reduce(reduce_of(responses, length, values[i].data(), offsets.data(), sums.data(), means.data()),
                                stream);
  });
  report.add(row);
}

}  // namespace

void bench_policy(Report& report, const Options& options) {
  if (options.timing) {
    time(report, int64_t{1} << (options.small ? 6 : 20));
  } else {
    check(report, options.small ? 37 : int64_t{1} << 16);
  }
}

}  // namespace bench
