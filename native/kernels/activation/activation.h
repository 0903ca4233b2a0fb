// swiglu: out = silu(gate) * up, silu(g) = g / (1 + e^-g).   Shazeer, "GLU Variants Improve Transformer" (2020)
// gelu:   tanh form  x / 2 (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), which is x / (1 + e^(-2u))
//         erf form   x / 2 (1 + erf(x / sqrt 2))             Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016)
//   every array [n]; out may be the same memory as an input
//
// Backward, with sigma(t) = 1 / (1 + e^-t) and s = sigma(gate):
//   swiglu_backward   dgate = dy up s (1 + gate (1 - s))     dup = dy gate s
//   gelu_backward     tanh form  dx = dy [p + x p (1 - p) 2u'],  p = sigma(2u),  u' = sqrt(2 / pi) (1 + 0.134145 x^2)
//                     erf form   dx = dy [Phi(x) + x phi(x)], distribution and density of the standard normal
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

enum class GeluForm { tanh = 0, erf = 1 };

void swiglu(const float* gate, const float* up, float* out, int64_t n, ThreadPool& pool);
void gelu(const float* x, float* out, int64_t n, GeluForm form, ThreadPool& pool);

void swiglu_backward(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n,
                     ThreadPool& pool);
void gelu_backward(const float* x, const float* dy, float* dx, int64_t n, GeluForm form, ThreadPool& pool);

}  // namespace pope
