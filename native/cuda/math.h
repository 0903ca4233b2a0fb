// e^x by the special function unit: within 2 + 1.2 |x| units in the last place (CUDA C++ Programming Guide, intrinsic
// functions), 0 where e^x would be subnormal. For sums of probabilities, where x <= 0 and small terms hardly count.
#pragma once

#include <cmath>

namespace pope::cuda {

#ifdef POPE_SIMT
inline float fast_exp(float x) { return std::exp(x); }
#else
__device__ inline float fast_exp(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x * 1.44269504f));
  return power;
}
#endif

}  // namespace pope::cuda
