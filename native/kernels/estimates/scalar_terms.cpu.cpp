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

constexpr int kTogether = 4;  // rows that are added up at once: one would wait for the adder at every action

// DM of `rows` <= kTogether rounds from round i on, after a check of their rows of policy and, where there are any, of
// predictions.
void direct(const ScalarTerms& t, int64_t i, int64_t rows, double* values) {
  const double* policy = t.policy + i * t.actions;
  const double* q_hat = t.q_hat ? t.q_hat + i * t.actions : nullptr;
  const double most = 1 + t.slack;
  double totals[kTogether] = {}, sums[kTogether] = {};
  bool valid[kTogether] = {true, true, true, true};
  const auto add = [&](int64_t row, int64_t j) {
    const double p = policy[row * t.actions + j];
    valid[row] &= (p >= 0) & (p <= most);
    totals[row] += p;
    if (!q_hat) return;
    const double q = q_hat[row * t.actions + j];
    valid[row] &= std::fabs(q) <= 0x1.fffffffffffffp1023;
    sums[row] += p * q;
  };
  for (int64_t j = 0; j < t.actions; ++j) {
    if (rows == kTogether) {
      for (int64_t row = 0; row < kTogether; ++row) add(row, j);
    } else {
      for (int64_t row = 0; row < rows; ++row) add(row, j);
    }
  }
  for (int64_t row = 0; row < rows; ++row) {
    if (!valid[row] || !(std::fabs(totals[row] - 1) <= t.slack)) {
      throw bad(i + row, "expected probabilities that sum to 1, and finite predictions");
    }
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

template <int kTransform>
void rounds_terms(const ScalarTerms& t, int64_t from, int64_t to) {
  if (t.actions == 0) {
    for (int64_t i = from; i < to; ++i) round_terms<kTransform>(t, i, 0);
    return;
  }
  for (int64_t i = from; i < to; i += kTogether) {
    const int64_t rows = std::min<int64_t>(kTogether, to - i);
    double models[kTogether];
    direct(t, i, rows, models);
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
