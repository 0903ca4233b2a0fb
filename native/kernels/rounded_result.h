// For ops whose result is float and on a GPU may also be of 16 bits, rounded as it is written: what the reference and the
// CPU make of such an output.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "pope.h"
#ifdef POPE_REFERENCE
#include "kernels/elementwise/exact.reference.h"
#endif

namespace pope {

#ifdef POPE_REFERENCE

// Calls compute(T*) with room for `count` results, which it rounds into `out`.
template <class T, class Compute>
void compute_rounded(void* out, int32_t dtype, int64_t count, const Compute& compute) {
  std::vector<T> numbers(static_cast<size_t>(count));
  compute(numbers.data());
  reference::round_to(out, dtype, numbers);
}

#else

inline float* f32_on_cpu(const char* op, void* out, int32_t dtype) {
  if (dtype == POPE_F32) return static_cast<float*>(out);
  throw Error(Status::unsupported, std::string(op) + ": on the CPU the result is f32");
}

#endif

}  // namespace pope
