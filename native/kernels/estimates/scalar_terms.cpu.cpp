// A product and a sum that were fused into one rounding would be other bits than those of the same formula elsewhere.
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "kernels/estimates/scalar_terms.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/error.h"
#include "kernels/estimates/exact_sum.h"

namespace pope {

namespace {

Error bad(int64_t round, const char* what) { return Error(Status::out_of_range, what, round); }

// A weight of 0 stays 0, the limit where lambda makes it 0/0.
template <int kTransform>
double transformed(double w, double lambda) {
  if constexpr (kTransform == 0) return w < lambda ? w : lambda;
  if constexpr (kTransform == 1) return w <= lambda ? w : 0;
  if constexpr (kTransform == 2) return w == 0 || std::isinf(lambda) ? w : w / ((w / lambda) * w + 1);
  return w == 0 ? 0 : w / (1 - lambda + lambda * w);
}

// Throws unless the row of policy and, where there are any, of predictions is what it must be.
void check_row(const ScalarTerms& t, int64_t i) {
  double total = 0;
  bool valid = true;
  for (int64_t at = i * t.actions; at < (i + 1) * t.actions; ++at) {
    valid &= t.policy[at] >= 0 && (!t.q_hat || std::isfinite(t.q_hat[at]));
    total += t.policy[at];
  }
  if (!valid || !(std::fabs(total - 1) <= t.slack)) {
    throw bad(i, "expected probabilities that sum to 1, and finite predictions");
  }
}

// DM of kRows rounds from round i on, after a check of their rows. Several rows at once, because one would wait for the adder
// at every action. What is wrong with a row shows in its least number or in its sums: no probability is above their total.
template <int kRows>
void direct(const ScalarTerms& t, int64_t i, double* values) {
  const double* policy = t.policy + i * t.actions;
  const double* q_hat = t.q_hat ? t.q_hat + i * t.actions : nullptr;
  double totals[kRows] = {}, sums[kRows] = {}, least[kRows] = {};
  for (int64_t j = 0; j < t.actions; ++j) {
    for (int row = 0; row < kRows; ++row) {
      const double p = policy[row * t.actions + j];
      least[row] = p < least[row] ? p : least[row];
      totals[row] += p;
      if (q_hat) sums[row] += p * q_hat[row * t.actions + j];
    }
  }
  for (int row = 0; row < kRows; ++row) {
    const bool good = least[row] == 0 && std::fabs(totals[row] - 1) <= t.slack && std::isfinite(sums[row]);
    if (!good) check_row(t, i + row);
    values[row] = sums[row] / totals[row];
  }
}

template <int kTransform>
void round_terms(const ScalarTerms& t, int64_t i, double model) {
  double product = 0;
  if (t.reward) {
    int64_t chosen = i;
    if (t.actions > 0) {
      if (t.action[i] < 0 || t.action[i] >= t.actions) throw bad(i, "expected an action of the policy");
      chosen = i * t.actions + t.action[i];
    }
    const double policy = t.policy[chosen], propensity = t.propensity[i], reward = t.reward[i];
    if (!(policy >= 0 && policy <= 1 + t.slack)) throw bad(i, "expected a probability");
    if (!(propensity > 0 && propensity <= 1 + t.slack)) throw bad(i, "expected a probability above 0");
    if (!std::isfinite(reward)) throw bad(i, "expected a finite reward");
    const double weight = transformed<kTransform>(policy / propensity, t.lambda);
    if (!std::isfinite(weight)) throw Error(Status::non_finite, "a weight is too large for a double", i);
    t.weights[i] = weight;
    product = weight * (t.q_hat ? reward - t.q_hat[chosen] : reward);
  }
  t.numerator[i] = t.baseline || !t.q_hat ? product : product + model;
  if (t.baseline) t.baseline[i] = model;
}

// The same for the rounds [from, to) of a log with the policy's probabilities of its actions alone. Without branches, so
// that the compiler takes several rounds at once. Returns whether all are what they must be.
template <int kTransform>
bool logged_terms(const ScalarTerms& t, int64_t from, int64_t to) {
  const double *policy = t.policy, *propensity = t.propensity, *reward = t.reward;
  double *weights = t.weights, *numerator = t.numerator;
  const double most = 1 + t.slack, lambda = t.lambda;
  double wrong = 0;
  for (int64_t i = from; i < to; ++i) {
    const double p = policy[i], b = propensity[i], r = reward[i];
    const double weight = transformed<kTransform>(p / b, lambda);
    weights[i] = weight;
    numerator[i] = weight * r;
    // x - x is 0 unless x is not finite.
    const bool right = (p >= 0) & (p <= most) & (b > 0) & (b <= most) & (r - r == 0) & (weight - weight == 0);
    wrong += right ? 0.0 : 1.0;
  }
  return wrong == 0;
}

template <int kTransform>
void rounds_terms(const ScalarTerms& t, int64_t from, int64_t to) {
  if (t.actions == 0) {
    if (t.reward && !t.baseline && logged_terms<kTransform>(t, from, to)) return;
    for (int64_t i = from; i < to; ++i) round_terms<kTransform>(t, i, 0);
    return;
  }
  constexpr int kTogether = 4;
  for (int64_t i = from; i < to; i += kTogether) {
    const int64_t rows = std::min<int64_t>(kTogether, to - i);
    double models[kTogether];
    if (rows == kTogether) {
      direct<kTogether>(t, i, models);
    } else {
      for (int64_t row = 0; row < rows; ++row) direct<1>(t, i + row, models + row);
    }
    for (int64_t row = 0; row < rows; ++row) round_terms<kTransform>(t, i + row, models[row]);
  }
}

template <int kTransform>
void all_terms(const ScalarTerms& t, ThreadPool& pool) {
  ExactSum totals[3];
  std::mutex mutex;
  pool.parallel_for(t.rounds, 4 * ExactSum::kMost, [&](int64_t begin, int64_t end) {
    ExactSum parts[3];
    const double* columns[] = {t.sum_weights ? t.weights : nullptr, t.numerator, t.baseline};
    for (int64_t from = begin; from < end; from += ExactSum::kMost) {
      const int64_t to = std::min(from + ExactSum::kMost, end);
      rounds_terms<kTransform>(t, from, to);
      for (int c = 0; c < 3; ++c) {
        if (columns[c]) parts[c].add(columns[c] + from, to - from);
      }
    }
    const std::lock_guard lock(mutex);
    for (int c = 0; c < 3; ++c) totals[c].merge(parts[c]);
  });
  for (int c = 0; c < 3; ++c) t.sums[c] = totals[c].value();
}

}  // namespace

void scalar_terms(const ScalarTerms& t, ThreadPool& pool) {
  switch (t.transform) {
    case 0: return all_terms<0>(t, pool);
    case 1: return all_terms<1>(t, pool);
    case 2: return all_terms<2>(t, pool);
    default: return all_terms<3>(t, pool);
  }
}

}  // namespace pope
