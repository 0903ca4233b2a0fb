// 2^x and e^x by the special function unit: within 2 units in the last place, e^x within 2 + 1.2 |x| (CUDA C++
// Programming Guide, intrinsic functions), 0 where the power would be subnormal. For sums of probabilities, where x <=
// 0 and small terms hardly count.
#pragma once

#include <cmath>

namespace pope::cuda {

constexpr float kLog2e = 1.44269504f;  // log2(e)

#ifdef POPE_SIMT
inline float fast_exp2(float x) { return std::exp2(x); }
inline float fast_exp(float x) { return std::exp(x); }
#else
__device__ inline float fast_exp2(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}
__device__ inline float fast_exp(float x) { return fast_exp2(x * kLog2e); }
#endif

}  // namespace pope::cuda
