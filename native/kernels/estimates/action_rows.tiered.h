// The loop of scalar_terms over all actions of a round, one copy per instruction set: the same bits on all, for the sum of a
// row is formed in the order of its actions, several rows at a time.
#pragma once

#include <stdint.h>

#include "kernels/tiers.h"

namespace pope {

constexpr int64_t kActionRows = 8;

struct ActionRowsKernels {
  // Of kActionRows rows: values_i = sum_j policy_ij q_hat_ij / sum_j policy_ij, 0 without q_hat. Returns whether all are
  // probabilities whose sum is 1 within `slack`, and finite predictions.
  bool (*values)(const double* policy, const double* q_hat, int64_t actions, double slack, double* values);
};

POPE_DECLARE_TIERS(extern const ActionRowsKernels action_rows_kernels;)

}  // namespace pope
