#include "kernels/no_contraction.h"

#include "kernels/estimates/scalar_terms.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/cpu.h"
#include "core/error.h"
#include "kernels/estimates/action_rows.tiered.h"
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

// DM of round i, 0 without predictions. Throws unless its row of policy and of predictions is what it must be.
double direct(const ScalarTerms& t, int64_t i) {
  double total = 0, sum = 0;
  bool valid = true;
  for (int64_t at = i * t.actions; at < (i + 1) * t.actions; ++at) {
    valid &= t.policy[at] >= 0 && (!t.q_hat || std::isfinite(t.q_hat[at]));
    total += t.policy[at];
    if (t.q_hat) sum += t.policy[at] * t.q_hat[at];
  }
  if (!valid || !(std::fabs(total - 1) <= t.slack)) {
    throw bad(i, "expected probabilities that sum to 1, and finite predictions");
  }
  return sum / total;
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

// DM of the rounds [from, end), with several rows at a time. Returns whether all rows are what they must be.
bool direct_rounds(const ScalarTerms& t, int64_t from, int64_t end, double* models) {
  const ActionRowsKernels& kernels = POPE_ACTIVE_TIER(action_rows_kernels);
  int64_t i = from;
  for (; i + kActionRows <= end; i += kActionRows) {
    const int64_t at = i * t.actions;
    const double* q_hat = t.q_hat ? t.q_hat + at : nullptr;
    if (!kernels.values(t.policy + at, q_hat, t.actions, t.slack, models + (i - from))) return false;
  }
  for (; i < end; ++i) models[i - from] = direct(t, i);
  return true;
}

// The terms of the rounds [from, end) in vectors. Returns whether all is what it must be.
template <int kTransform>
bool vector_terms(const ScalarTerms& t, int64_t from, int64_t end, const Terms& to) {
  const int64_t count = end - from;
  alignas(64) double models[kBlock], chosen[kBlock], residuals[kBlock];
  if (t.actions > 0 && !direct_rounds(t, from, end, models)) return false;
  if (t.reward) {
    const double *policy = t.policy + from, *reward = t.reward + from;
    for (int64_t i = 0; t.actions > 0 && i < count; ++i) {
      const int32_t action = t.action[from + i];
      if (action < 0 || action >= t.actions) return false;
      const int64_t at = (from + i) * t.actions + action;
      chosen[i] = t.policy[at];
      if (t.q_hat) residuals[i] = reward[i] - t.q_hat[at];
    }
    const LoggedRounds rounds{
        .reward = t.q_hat ? residuals : reward,
        .propensity = t.propensity + from,
        .policy = t.actions > 0 ? chosen : policy,
        .weights = to.weights,
        .numerator = to.numerator,
        .count = count,
        .lambda = t.lambda,
        .most = 1 + t.slack,
    };
    if (!POPE_ACTIVE_TIER(logged_terms_kernels).terms[kTransform](rounds)) return false;
  } else {
    std::fill_n(to.numerator, count, 0.0);
  }
  if (t.keep_baseline) {
    std::copy_n(models, count, to.baseline);
  } else if (t.q_hat) {
    for (int64_t i = 0; i < count; ++i) to.numerator[i] += models[i];
  }
  return true;
}

template <int kTransform>
void rounds_terms(const ScalarTerms& t, int64_t from, int64_t end, const Terms& to) {
  if (vector_terms<kTransform>(t, from, end, to)) return;
  for (int64_t i = from; i < end; ++i) {
    round_terms<kTransform>(t, i, t.actions > 0 ? direct(t, i) : 0.0, to, i - from);
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
