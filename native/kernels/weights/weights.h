// weights: importance weights in log space and their transforms; formulas and arguments in pope.h, already checked
// (native/abi).
#pragma once

#include "core/thread_pool.h"
#include "kernels/weights/transform.h"
#include "pope.h"

namespace pope {

// Throws weight_overflow, naming the `what` (slate or response) at `index`: what the CPU kernels do when
// transform_weight finds a weight too large.
[[noreturn]] void throw_weight_overflow(double log_weight, const char* what, int64_t index);

void weights(const pope_weights_args& args, ThreadPool& pool);

}  // namespace pope
