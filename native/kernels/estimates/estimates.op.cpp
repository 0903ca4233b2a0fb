#include "kernels/estimates/exact_sum.h"
#include "kernels/estimates/scalar_terms.h"
#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/estimates/exact_sum.reference.h"
#include "kernels/estimates/scalar_terms.reference.h"
#endif

namespace pope {

Work prepare_exact_sum(const OpCall& call) {
  const int64_t n = call.size(0);
  const double* x = call.input<double>(0, n);
  double* sum = call.output<double>(0, 1);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { *sum = reference::exact_sum(x, n); };
#else
  return [=](ThreadPool& pool) { exact_sum(x, n, sum, pool); };
#endif
}

Work prepare_scalar_terms(const OpCall& call) {
  ScalarTerms terms{};
  const int64_t n = terms.rounds = call.size(0);
  terms.actions = call.size(1);
  terms.transform = static_cast<int>(call.dim(2));
  if (terms.transform < 0 || terms.transform > 3) call.fail(Status::invalid_argument, "expected a transform from 0 to 3");
  terms.sum_weights = call.dim(3) != 0;
  terms.lambda = call.scalar(0);
  terms.slack = call.scalar(1);
  const int64_t cells = terms.actions > 0 ? checked_product({n, terms.actions}) : n;
  terms.reward = call.optional_input<double>(0, n);
  terms.propensity = terms.reward ? call.input<double>(1, n) : nullptr;
  terms.policy = call.input<double>(2, cells);
  terms.action = terms.reward && terms.actions > 0 ? call.input<int32_t>(3, n) : nullptr;
  terms.q_hat = terms.actions > 0 ? call.optional_input<double>(4, cells) : nullptr;
  if (!terms.reward && !terms.q_hat) call.fail(Status::invalid_argument, "expected rewards, predictions or both");
  terms.keep_baseline = terms.q_hat && call.dim(4) != 0;
  terms.weights = terms.reward ? call.optional_output<double>(0, n) : nullptr;
  terms.numerator = call.optional_output<double>(1, n);
  terms.baseline = terms.keep_baseline ? call.optional_output<double>(2, n) : nullptr;
  terms.sums = call.output<double>(3, 3);
  terms.contributions = call.optional_output<double>(4, n);
  if (terms.contributions && !(terms.weights && terms.numerator && terms.sum_weights && !terms.baseline == !terms.keep_baseline)) {
    call.fail(Status::invalid_argument, "contributions are made of weights, numerator and baseline, which were not asked for");
  }
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::scalar_terms(terms); };
#else
  return [=](ThreadPool& pool) { scalar_terms(terms, pool); };
#endif
}

}  // namespace pope
