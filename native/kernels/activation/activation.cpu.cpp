#include "kernels/activation/activation.h"

#include <cmath>
#include <numbers>

#include "core/cpu.h"
#include "kernels/activation/activation.tiered.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8192;  // elements

void gelu_erf(const float* x, float* out, int64_t n) {
  constexpr float kInverseSqrt2 = 1.0f / std::numbers::sqrt2_v<float>;
  for (int64_t i = 0; i < n; ++i) out[i] = x[i] / 2 * std::erfc(-x[i] * kInverseSqrt2);
}

void gelu_erf_backward(const float* x, const float* dy, float* dx, int64_t n) {
  constexpr float kInverseSqrt2 = 1.0f / std::numbers::sqrt2_v<float>;
  constexpr float kDensityAtZero = kInverseSqrt2 * std::numbers::inv_sqrtpi_v<float>;
  for (int64_t i = 0; i < n; ++i) {
    const float density = kDensityAtZero * std::exp(-x[i] * x[i] / 2);
    dx[i] = dy[i] * (std::erfc(-x[i] * kInverseSqrt2) / 2 + x[i] * density);
  }
}

}  // namespace

void swiglu(const float* gate, const float* up, float* out, int64_t n, ThreadPool& pool) {
  const auto kernel = POPE_ACTIVE_TIER(activation_kernels).swiglu;
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    kernel(gate + begin, up + begin, out + begin, end - begin);
  });
}

void gelu(const float* x, float* out, int64_t n, GeluForm form, ThreadPool& pool) {
  const auto kernel = form == GeluForm::tanh ? POPE_ACTIVE_TIER(activation_kernels).gelu_tanh : gelu_erf;
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) { kernel(x + begin, out + begin, end - begin); });
}

void swiglu_backward(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n,
                     ThreadPool& pool) {
  const auto kernel = POPE_ACTIVE_TIER(activation_kernels).swiglu_backward;
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    kernel(gate + begin, up + begin, dy + begin, dgate + begin, dup + begin, end - begin);
  });
}

void gelu_backward(const float* x, const float* dy, float* dx, int64_t n, GeluForm form, ThreadPool& pool) {
  const auto kernel =
      form == GeluForm::tanh ? POPE_ACTIVE_TIER(activation_kernels).gelu_tanh_backward : gelu_erf_backward;
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    kernel(x + begin, dy + begin, dx + begin, end - begin);
  });
}

}  // namespace pope
