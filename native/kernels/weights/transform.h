// The transforms h of an importance weight w = exp(log_weight) (pope.h), in log space, for CPU and GPU.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/compensated_sum.h"
#include "kernels/host_device.h"
#include "pope.h"

namespace pope {

// Largest log-weight whose exponential is surely a double.
constexpr double kMaximumLogWeight = 709.0;

struct Weight {
  double value;       // h(w)
  double derivative;  // w h'(w) = dh / d log w
};

// Calls overflow(log_weight) when it is above kMaximumLogWeight and the transform is not clip: then there is no weight.
template <class Overflow>
POPE_HOST_DEVICE inline Weight transform_weight(int32_t transform, double parameter, double log_weight,
                                                const Overflow& overflow) {
  const double t = parameter;
  if (transform == POPE_CLIP) {
    if (log_weight > std::log(t)) return {t, 0};
    const double w = std::exp(log_weight);
    return {w, w};
  }
  if (log_weight > kMaximumLogWeight) {
    overflow(log_weight);
    return {NAN, NAN};
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

// sum_k (l_k - l0_k) over the responses [begin, end).
POPE_HOST_DEVICE inline double log_weight_sum(const double* log_prob, const double* logging_log_prob, int64_t begin,
                                              int64_t end) {
  CompensatedSum sum;
  for (int64_t k = begin; k < end; ++k) sum.add(log_prob[k] - logging_log_prob[k]);
  return sum.value();
}

}  // namespace pope
