#include "kernels/weights/weights.h"

#include <string>

#include "core/error.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 256;  // slates per block

}  // namespace

void throw_weight_overflow(double log_weight, const char* what, int64_t index) {
  throw Error(Status::weight_overflow,
              "the log-weight of " + std::string(what) + " " + std::to_string(index) + " is " +
                  std::to_string(log_weight) + ", above 709: its exponential is not a number; clip the weights or normalise the log-probabilities",
              index);
}

void weights(const pope_weights_args& args, ThreadPool& pool) {
  const char* what = args.level == POPE_RESPONSE_WEIGHT ? "response" : "slate";
  const auto store = [&](int64_t at, double log_weight) {
    const auto overflow = [&](double value) { throw_weight_overflow(value, what, at); };
    const Weight weight = transform_weight(args.transform, args.transform_parameter, log_weight, overflow);
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
