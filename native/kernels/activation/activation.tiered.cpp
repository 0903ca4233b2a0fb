#include "kernels/activation/activation.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

inline Vec swiglu(Vec gate, Vec up) { return gate / (1.0f + exp(-gate)) * up; }

inline Vec gelu_tanh(Vec x) {
  constexpr float kTwice = 1.5957691216f;  // 2 sqrt(2 / pi)
  return x / (1.0f + exp(-kTwice * (x + 0.044715f * x * x * x)));
}

struct SwigluGradient {
  Vec gate, up;
};

inline SwigluGradient swiglu_backward(Vec gate, Vec up, Vec dy) {
  const Vec sigmoid = 1.0f / (1.0f + exp(-gate));
  return {dy * up * sigmoid * (1.0f + gate * (1.0f - sigmoid)), dy * gate * sigmoid};
}

// Beyond 10 the derivative is 0 or 1 in float, but x^2 may be infinite.
inline Vec gelu_tanh_backward(Vec x, Vec dy) {
  constexpr float kTwice = 1.5957691216f, kFlat = 10.0f;
  x = x < -kFlat ? broadcast(-kFlat) : (x > kFlat ? broadcast(kFlat) : x);
  const Vec p = 1.0f / (1.0f + exp(-kTwice * (x + 0.044715f * x * x * x)));
  return dy * (p + x * p * (1.0f - p) * kTwice * (1.0f + 3.0f * 0.044715f * x * x));
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

void swiglu_backward_loop(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const SwigluGradient gradient = swiglu_backward(load(gate + i), load(up + i), load(dy + i));
    store(dgate + i, gradient.gate);
    store(dup + i, gradient.up);
  }
  const int64_t rest = n - i;
  const SwigluGradient gradient = swiglu_backward(load_partial(gate + i, rest, 0.0f), load_partial(up + i, rest, 0.0f),
                                                  load_partial(dy + i, rest, 0.0f));
  store_partial(dgate + i, gradient.gate, rest);
  store_partial(dup + i, gradient.up, rest);
}

void gelu_tanh_backward_loop(const float* x, const float* dy, float* dx, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(dx + i, gelu_tanh_backward(load(x + i), load(dy + i)));
  const int64_t rest = n - i;
  store_partial(dx + i, gelu_tanh_backward(load_partial(x + i, rest, 0.0f), load_partial(dy + i, rest, 0.0f)), rest);
}

}  // namespace

extern const ActivationKernels activation_kernels;
const ActivationKernels activation_kernels = {swiglu_loop, gelu_tanh_loop, swiglu_backward_loop,
                                               gelu_tanh_backward_loop};

}  // namespace pope::POPE_ISA
