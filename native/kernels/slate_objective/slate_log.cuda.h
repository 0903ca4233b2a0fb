// What slate_value and slate_coefficients share on a GPU: reading a slate with its checks, and sums over slates.
#pragma once

#include "cuda/checks.h"
#include "kernels/slate_objective/slate_formulas.h"

namespace pope::cuda {

// Threads of a block that has a slate per thread, and of the one block that sums over slates.
constexpr int kSlateThreads = 128;
constexpr int kSumThreads = 512;

__device__ inline Part read_slate(const pope_slate_log& log, int64_t slate, RefusalWord* refusals) {
  Part part = read_part(log.slate_offsets, slate, log.slates, log.log_prob_count, true, refusals);
  if (!part.valid) return part;
  for (int64_t k = part.first; k < part.last; ++k) {
    part.valid &= require(isfinite(log.log_prob[k]), refusals, Check::log_prob, k);
    part.valid &= require(isfinite(log.logging_log_prob[k]), refusals, Check::logging_log_prob, k);
    part.valid &= require(isfinite(log.reward[k]), refusals, Check::reward, k);
    if (log.entropy) part.valid &= require(isfinite(log.entropy[k]), refusals, Check::entropy, k);
  }
  if (!log.query_weight) return part;
  part.valid &= require(isfinite(log.query_weight[slate]), refusals, Check::query_weight, slate);
  part.valid &= require(!(log.query_weight[slate] < 0), refusals, Check::query_weight_sign, slate);
  return part;
}

// sum over slates of term(slate), in every thread of a block of kSumThreads.
template <class Term>
__device__ inline double sum_over_slates(int64_t slates, const Term& term) {
  CompensatedSum sum;
  for (int64_t slate = threadIdx.x; slate < slates; slate += kSumThreads) sum.add(term(slate));
  return block_sum<kSumThreads>(sum.value());
}

__device__ inline double query_weight_sum(const pope_slate_log& log, RefusalWord* refusals) {
  const double sum = sum_over_slates(log.slates, [&](int64_t slate) { return query_weight(log, slate); });
  if (threadIdx.x == 0 && log.slates > 0) require(sum != 0, refusals, Check::query_weights, 0);
  return sum;
}

inline DescribeRefusal describe_slates(const char* function) {
  return describe_checks(function, "slate_offsets", "slate");
}

}  // namespace pope::cuda
