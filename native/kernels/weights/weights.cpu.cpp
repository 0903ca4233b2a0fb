#include "kernels/weights/weights.h"

#include <cmath>
#include <string>

#include "core/error.h"
#include "kernels/compensated_sum.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 256;  // slates per block

}  // namespace

Weight transform_weight(int32_t transform, double parameter, double log_weight, const char* what, int64_t index) {
  const double t = parameter;
  if (transform == POPE_CLIP) {
    if (log_weight > std::log(t)) return {t, 0};
    const double w = std::exp(log_weight);
    return {w, w};
  }
  if (log_weight > kMaximumLogWeight) {
    throw Error(Status::weight_overflow,
                "the log-weight of " + std::string(what) + " " + std::to_string(index) + " is " +
                    std::to_string(log_weight) + ", above 709: its exponential is not a number; clip the weights or normalise the log-probabilities",
                index);
  }
  const double w = std::exp(log_weight);
  switch (transform) {
    case POPE_POWER: {
      const double h = std::exp(t * log_weight);
      return {h, t * h};
    }
    case POPE_SHRINKAGE: {
      const double h = w / (1 + w * (w / t));  // t w / (w^2 + t); the square may overflow, and then h is 0
      return {h, -h * std::tanh(log_weight - std::log(t) / 2)};
    }
    case POPE_SUB_GAUSSIAN: {
      const double denominator = (1 - t) + t * w, h = w / denominator;
      return {h, h * ((1 - t) / denominator)};
    }
    default:
      return {w, w};
  }
}

double log_weight_sum(const double* log_prob, const double* logging_log_prob, int64_t begin, int64_t end) {
  CompensatedSum sum;
  for (int64_t k = begin; k < end; ++k) sum.add(log_prob[k] - logging_log_prob[k]);
  return sum.value();
}

void weights(const pope_weights_args& args, ThreadPool& pool) {
  const char* what = args.level == POPE_RESPONSE_WEIGHT ? "response" : "slate";
  const auto store = [&](int64_t at, double log_weight) {
    const Weight weight = transform_weight(args.transform, args.transform_parameter, log_weight, what, at);
    if (args.log_weights) args.log_weights[at] = log_weight;
    args.weights[at] = weight.value;
    if (args.derivatives) args.derivatives[at] = weight.derivative;
  };
  pool.parallel_for(args.slates, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t slate = begin; slate < end; ++slate) {
      const int64_t first = args.slate_offsets[slate], last = args.slate_offsets[slate + 1];
      if (args.level == POPE_RESPONSE_WEIGHT) {
        for (int64_t k = first; k < last; ++k) store(k, args.log_prob[k] - args.logging_log_prob[k]);
      } else {
        const double sum = log_weight_sum(args.log_prob, args.logging_log_prob, first, last);
        store(slate, args.level == POPE_SLATE_WEIGHT ? sum : sum / static_cast<double>(last - first));
      }
    }
  });
}

}  // namespace pope
