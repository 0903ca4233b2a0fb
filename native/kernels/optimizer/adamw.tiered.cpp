#include "kernels/optimizer/adamw.tiered.h"

namespace pope::POPE_ISA {

namespace {

void adamw(const AdamwFactors& factors, const float* __restrict__ gradient, float* __restrict__ p, float* __restrict__ m,
           float* __restrict__ v, int64_t count) {
  const AdamwFactors f = factors;
  for (int64_t i = 0; i < count; ++i) {
    const float g = f.gradient * gradient[i];
    m[i] = f.beta1 * m[i] + f.new1 * g;
    v[i] = f.beta2 * v[i] + f.new2 * g * g;
    p[i] = f.decay * p[i] + f.rate * m[i] / (__builtin_sqrtf(v[i]) * f.root_correction + f.eps);
  }
}

}  // namespace

extern const AdamwKernels adamw_kernels;
const AdamwKernels adamw_kernels = {adamw};

}  // namespace pope::POPE_ISA
