#include "kernels/activation/activation.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

inline Vec swiglu(Vec gate, Vec up) { return gate / (1.0f + exp(-gate)) * up; }

inline Vec gelu_tanh(Vec x) {
  constexpr float kTwice = 1.5957691216f;  // 2 sqrt(2 / pi)
  return x / (1.0f + exp(-kTwice * (x + 0.044715f * x * x * x)));
}

void swiglu_loop(const float* gate, const float* up, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, swiglu(load(gate + i), load(up + i)));
  const int64_t rest = n - i;
  store_partial(out + i, swiglu(load_partial(gate + i, rest, 0.0f), load_partial(up + i, rest, 0.0f)), rest);
}

void gelu_tanh_loop(const float* x, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, gelu_tanh(load(x + i)));
  const int64_t rest = n - i;
  store_partial(out + i, gelu_tanh(load_partial(x + i, rest, 0.0f)), rest);
}

}  // namespace

extern const ActivationKernels activation_kernels;
const ActivationKernels activation_kernels = {swiglu_loop, gelu_tanh_loop};

}  // namespace pope::POPE_ISA
