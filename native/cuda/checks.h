// What the C ABI checks of arrays in host memory (native/abi/abi.h), made by kernels where they read device memory. The
// report that comes first is that of the first check in the order of `Check`, which is the CPU's, and there of the lowest
// index: both devices name the same place. For .cu files.
#pragma once

#include <cmath>
#include <string>

#include "cuda/report.h"

namespace pope::cuda {

enum class Check : unsigned {
  offsets_begin,
  offsets_order,
  offsets_end,
  log_prob,
  logging_log_prob,
  reward,
  entropy,
  query_weight,
  query_weight_sign,
  query_weights,
  weight,  // from here on of results, which the CPU forms slate by slate
  result,
};

// The check's rank stands above the index, which is below 2^40, in what report() orders by.
constexpr int kRankShift = 44;

__device__ inline void refuse(RefusalWord* refusals, Check check, int64_t index) {
  const Check rank = check < Check::weight ? check : Check::weight;
  report(refusals, static_cast<unsigned>(check), static_cast<int64_t>(rank) << kRankShift | index);
}

__device__ inline bool require(bool condition, RefusalWord* refusals, Check check, int64_t index) {
  if (!condition) refuse(refusals, check, index);
  return condition;
}

struct Part {
  int64_t first, last;
  bool valid;  // may be followed
};

// Part `i` of [0, length), cut by parts + 1 offsets from 0 to length that increase (strictly: no empty part).
template <class Offset>
__device__ inline Part read_part(const Offset* offsets, int64_t i, int64_t parts, int64_t length, bool strictly,
                                 RefusalWord* refusals) {
  const int64_t first = offsets[i], last = offsets[i + 1];
  const bool ordered = strictly ? first < last : first <= last;
  require(i > 0 || first == 0, refusals, Check::offsets_begin, 0);
  require(ordered, refusals, Check::offsets_order, i);
  require(i + 1 < parts || last == length, refusals, Check::offsets_end, parts);
  return {first, last, ordered && first >= 0 && last <= length};
}

// The one cut of nothing into no parts that a kernel, which has no part to read, would not see.
inline void require_no_elements(const char* function, const char* offsets, int64_t length) {
  if (length == 0) return;
  throw Error(Status::out_of_range,
              std::string(function) + ": " + offsets + " must end with " + std::to_string(length) + ", not 0", 0);
}

// What a report of these checks says; `offsets` and `weight` are the names of the offsets and of what has a weight.
inline DescribeRefusal describe_checks(const char* function, const char* offsets, const char* weight) {
  return [=](const Refusal& refusal) {
    const int64_t index = refusal.index & ((int64_t{1} << kRankShift) - 1);
    const std::string place = std::to_string(index);
    const auto error = [&](Status status, const std::string& what, int64_t at) {
      return Error(status, std::string(function) + ": " + what, at);
    };
    const auto not_finite = [&](const std::string& name) {
      return error(Status::non_finite, name + "[" + place + "] is not a finite number", index);
    };
    const std::string advice = "; clip the weights or normalise the log-probabilities";
    switch (static_cast<Check>(refusal.reason)) {
      case Check::offsets_begin: return error(Status::out_of_range, std::string(offsets) + " must begin with 0", index);
      case Check::offsets_order:
        return error(Status::out_of_range, std::string(offsets) + " must increase, but not so at part " + place, index);
      case Check::offsets_end:
        return error(Status::out_of_range, std::string(offsets) + " must end with the number of elements", index);
      case Check::log_prob: return not_finite("log_prob");
      case Check::logging_log_prob: return not_finite("logging_log_prob");
      case Check::reward: return not_finite("reward");
      case Check::entropy: return not_finite("entropy");
      case Check::query_weight: return not_finite("query_weight");
      case Check::query_weight_sign:
        return error(Status::invalid_argument, "query_weight[" + place + "] is negative", index);
      case Check::query_weights: return error(Status::invalid_argument, "every query_weight is 0", -1);
      case Check::weight:
        return error(Status::weight_overflow, "the log-weight of " + std::string(weight) + " " + place +
                                                  " is above 709: its exponential is not a number" + advice, index);
      case Check::result: break;
    }
    return error(Status::weight_overflow, "the weighted reward of slate " + place + " is not a finite number" + advice,
                 index);
  };
}

}  // namespace pope::cuda
