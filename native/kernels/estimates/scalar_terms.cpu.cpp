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

#include "core/cpu.h"
#include "core/error.h"
#include "kernels/estimates/exact_sum.h"
#include "kernels/estimates/logged_terms.tiered.h"
#include "kernels/estimates/weight_transform.h"

namespace pope {

namespace {

Error bad(int64_t round, const char* what) { return Error(Status::out_of_range, what, round); }

// Rounds at a time: what is computed of them is still in the first-level cache when it is added up.
constexpr int64_t kBlock = 2048;

// Where the terms of one block go: the arrays of the result, or memory of its own where only the sums are wanted.
struct Terms {
  double *weights, *numerator, *baseline;  // of the block's first round
};

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
void round_terms(const ScalarTerms& t, int64_t i, double model, const Terms& to, int64_t at) {
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
    to.weights[at] = weight;
    product = weight * (t.q_hat ? reward - t.q_hat[chosen] : reward);
  }
  to.numerator[at] = t.keep_baseline || !t.q_hat ? product : product + model;
  if (t.keep_baseline) to.baseline[at] = model;
}

template <int kTransform>
void rounds_terms(const ScalarTerms& t, int64_t from, int64_t end, const Terms& to) {
  if (t.actions == 0) {
    const LoggedRounds rounds{
        .reward = t.reward + from,
        .propensity = t.propensity + from,
        .policy = t.policy + from,
        .weights = to.weights,
        .numerator = to.numerator,
        .count = end - from,
        .lambda = t.lambda,
        .most = 1 + t.slack,
    };
    if (POPE_ACTIVE_TIER(logged_terms_kernels).terms[kTransform](rounds)) return;
    for (int64_t i = from; i < end; ++i) round_terms<kTransform>(t, i, 0, to, i - from);
    return;
  }
  constexpr int kTogether = 4;
  for (int64_t i = from; i < end; i += kTogether) {
    const int64_t rows = std::min<int64_t>(kTogether, end - i);
    double models[kTogether];
    if (rows == kTogether) {
      direct<kTogether>(t, i, models);
    } else {
      for (int64_t row = 0; row < rows; ++row) direct<1>(t, i + row, models + row);
    }
    for (int64_t row = 0; row < rows; ++row) round_terms<kTransform>(t, i + row, models[row], to, i + row - from);
  }
}

template <int kTransform>
void all_terms(const ScalarTerms& t, ThreadPool& pool) {
  ExactSum totals[3];
  std::mutex mutex;
  pool.parallel_for(t.rounds, 8 * kBlock, [&](int64_t begin, int64_t end) {
    ExactSum parts[3];
    alignas(64) double own[3][kBlock];
    for (int64_t from = begin; from < end; from += kBlock) {
      const int64_t last = std::min(from + kBlock, end);
      const auto place = [&](double* result, int column) { return result ? result + from : own[column]; };
      const Terms to{place(t.weights, 0), place(t.numerator, 1), place(t.baseline, 2)};
      rounds_terms<kTransform>(t, from, last, to);
      if (t.reward && t.sum_weights) parts[0].add(to.weights, last - from);
      parts[1].add(to.numerator, last - from);
      if (t.keep_baseline) parts[2].add(to.baseline, last - from);
    }
    const std::lock_guard lock(mutex);
    for (int c = 0; c < 3; ++c) totals[c].merge(parts[c]);
  });
  for (int c = 0; c < 3; ++c) t.sums[c] = totals[c].value();
  if (!t.contributions) return;
  const double mean = t.sums[0] / static_cast<double>(t.rounds);
  pool.parallel_for(t.rounds, 8 * kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      t.contributions[i] = t.numerator[i] / mean + (t.baseline ? t.baseline[i] : 0.0);
    }
  });
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
