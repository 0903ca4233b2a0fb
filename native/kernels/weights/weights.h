// weights: importance weights in log space and their transforms; formulas and arguments in pope.h, already checked
// (native/abi).
#pragma once

#include "core/thread_pool.h"
#include "pope.h"

namespace pope {

// Largest log-weight whose exponential is surely a double.
constexpr double kMaximumLogWeight = 709.0;

struct Weight {
  double value;       // h(w)
  double derivative;  // w h'(w) = dh / d log w
};

// h and its derivative at w = exp(log_weight). Throws weight_overflow, naming the `what` (slate or response) at
// `index`, when log_weight is above kMaximumLogWeight and the transform is not clip.
Weight transform_weight(int32_t transform, double parameter, double log_weight, const char* what, int64_t index);

// sum_k (l_k - l0_k) over the responses [begin, end).
double log_weight_sum(const double* log_prob, const double* logging_log_prob, int64_t begin, int64_t end);

void weights(const pope_weights_args& args, ThreadPool& pool);

}  // namespace pope
