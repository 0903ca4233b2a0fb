#include "kernels/activation/activation.cuda.h"

#include <cmath>

#include "kernels/elementwise/map.cuda.h"

namespace pope::cuda {

namespace {

constexpr float kTwice = 1.5957691216f;  // 2 sqrt(2 / pi)
constexpr float kCubic = 0.044715f;
constexpr float kInverseSqrt2 = 0.70710678119f, kDensityAtZero = 0.39894228040f;

__device__ inline float sigmoid(float t) { return 1.0f / (1.0f + expf(-t)); }

struct Swiglu {
  __device__ void operator()(const float (&in)[2], float (&out)[1]) const {
    out[0] = in[0] / (1.0f + expf(-in[0])) * in[1];
  }
};

struct SwigluBackward {
  __device__ void operator()(const float (&in)[3], float (&out)[2]) const {
    const float gate = in[0], up = in[1], dy = in[2], s = sigmoid(gate);
    out[0] = dy * up * s * (1.0f + gate * (1.0f - s));
    out[1] = dy * gate * s;
  }
};

struct GeluTanh {
  __device__ void operator()(const float (&in)[1], float (&out)[1]) const {
    const float x = in[0];
    out[0] = x / (1.0f + expf(-kTwice * (x + kCubic * x * x * x)));
  }
};

struct GeluErf {
  __device__ void operator()(const float (&in)[1], float (&out)[1]) const {
    out[0] = in[0] / 2 * erfcf(-in[0] * kInverseSqrt2);
  }
};

// Beyond 10 the derivative is 0 or 1 in float, but x^2 may be infinite.
struct GeluTanhBackward {
  __device__ void operator()(const float (&in)[2], float (&out)[1]) const {
    constexpr float kFlat = 10.0f;
    const float x = in[0] < -kFlat ? -kFlat : in[0] > kFlat ? kFlat : in[0];
    const float p = sigmoid(kTwice * (x + kCubic * x * x * x));
    out[0] = in[1] * (p + x * p * (1.0f - p) * kTwice * (1.0f + 3.0f * kCubic * x * x));
  }
};

struct GeluErfBackward {
  __device__ void operator()(const float (&in)[2], float (&out)[1]) const {
    const float x = in[0], density = kDensityAtZero * expf(-x * x / 2);
    out[0] = in[1] * (erfcf(-x * kInverseSqrt2) / 2 + x * density);
  }
};

}  // namespace

void swiglu(const float* gate, const float* up, void* out, int32_t dtype, int64_t n, Stream& stream) {
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    map<2, 1, T>({{gate, up}, {static_cast<T*>(out)}}, n, Swiglu{}, stream);
  });
}

void gelu(const float* x, void* out, int32_t dtype, int64_t n, GeluForm form, Stream& stream) {
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    const MapArrays<1, 1, T> arrays{{x}, {static_cast<T*>(out)}};
    form == GeluForm::tanh ? map(arrays, n, GeluTanh{}, stream) : map(arrays, n, GeluErf{}, stream);
  });
}

void swiglu_backward(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n,
                     Stream& stream) {
  map<3, 2>({{gate, up, dy}, {dgate, dup}}, n, SwigluBackward{}, stream);
}

void gelu_backward(const float* x, const float* dy, float* dx, int64_t n, GeluForm form, Stream& stream) {
  form == GeluForm::tanh ? map<2, 1>({{x, dy}, {dx}}, n, GeluTanhBackward{}, stream)
                         : map<2, 1>({{x, dy}, {dx}}, n, GeluErfBackward{}, stream);
}

}  // namespace pope::cuda
