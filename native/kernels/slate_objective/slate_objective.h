// slate_value and slate_coefficients: the value of a log under the target policy by the slate, decomposed and bound
// estimators, and its derivatives with respect to every log-probability and entropy; formulas and arguments in pope.h,
// already checked (native/abi).
//
// Both run over slates in parallel (slate_formulas.h) and sum with compensation in slate order, so that the bits do not
// depend on the number of threads.
#pragma once

#include "core/thread_pool.h"
#include "pope.h"

namespace pope {

void slate_value(const pope_slate_value_args& args, ThreadPool& pool);
void slate_coefficients(const pope_slate_coefficients_args& args, ThreadPool& pool);

// ---- shared by the two -------------------------------------------------------------------------------------------

constexpr int64_t kSlateGrain = 64;  // slates per block

double query_weight_sum(const pope_slate_log& log);

// Throws weight_overflow, naming the slate, when a value formed from its weights is not a finite number.
void require_finite(double value, int64_t slate);

}  // namespace pope
