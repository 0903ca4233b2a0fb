// Weights as products of probability ratios, transforms as they are printed, derivatives h'(w) by the quotient rule.
// Long double, whose exponent range takes every product that the kernel may meet.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/error.h"
#include "pope.h"

namespace pope::reference {

using Real = long double;

inline Real transform(int32_t name, Real t, Real w) {
  switch (name) {
    case POPE_CLIP: return w < t ? w : t;
    case POPE_POWER: return std::pow(w, t);
    case POPE_SHRINKAGE: return t * w / (w * w + t);
    case POPE_SUB_GAUSSIAN: return w / ((1 - t) + t * w);
    default: return w;
  }
}

inline Real transform_slope(int32_t name, Real t, Real w) {
  switch (name) {
    case POPE_CLIP: return w <= t ? 1 : 0;
    case POPE_POWER: return t * std::pow(w, t - 1);
    case POPE_SHRINKAGE: return (t * (w * w + t) - t * w * 2 * w) / ((w * w + t) * (w * w + t));
    case POPE_SUB_GAUSSIAN: return (1 - t) / (((1 - t) + t * w) * ((1 - t) + t * w));
    default: return 1;
  }
}

inline Real probability_ratio(double log_prob, double logging_log_prob) {
  return std::exp(static_cast<Real>(log_prob)) / std::exp(static_cast<Real>(logging_log_prob));
}

inline void refuse_overflow(int32_t transform, Real w, int64_t index) {
  if (transform != POPE_CLIP && std::log(w) > 709) throw Error(Status::weight_overflow, "weight overflow", index);
}

inline void weights(const pope_weights_args& args) {
  const auto store = [&](int64_t at, Real w) {
    refuse_overflow(args.transform, w, at);
    if (args.log_weights) args.log_weights[at] = static_cast<double>(std::log(w));
    args.weights[at] = static_cast<double>(transform(args.transform, args.transform_parameter, w));
    if (args.derivatives) {
      args.derivatives[at] = static_cast<double>(w * transform_slope(args.transform, args.transform_parameter, w));
    }
  };
  for (int64_t slate = 0; slate < args.slates; ++slate) {
    const int64_t first = args.slate_offsets[slate], last = args.slate_offsets[slate + 1];
    Real product = 1;
    for (int64_t k = first; k < last; ++k) {
      const Real ratio = probability_ratio(args.log_prob[k], args.logging_log_prob[k]);
      if (args.level == POPE_RESPONSE_WEIGHT) store(k, ratio);
      product *= ratio;
    }
    if (args.level == POPE_SLATE_WEIGHT) store(slate, product);
    if (args.level == POPE_GEOMETRIC_WEIGHT) store(slate, std::pow(product, Real(1) / (last - first)));
  }
}

}  // namespace pope::reference
