// The check of target tokens where they are read, and what its refusal says.
#pragma once

#include <string>

#include "cuda/report.h"

namespace pope::cuda {

__device__ inline bool require_target(int32_t target, int64_t row, int64_t vocab, RefusalWord* refusals) {
  const bool valid = target >= 0 && target < vocab;
  if (!valid) report(refusals, 0, row);
  return valid;
}

inline DescribeRefusal describe_target(const char* function, int64_t vocab) {
  return [function = std::string(function), vocab](const Refusal& refusal) {
    return Error(Status::out_of_range,
                 function + ": targets[" + std::to_string(refusal.index) + "] is outside the vocabulary of " +
                     std::to_string(vocab),
                 refusal.index);
  };
}

}  // namespace pope::cuda
