// swiglu, gelu and their backward on a GPU (formulas in activation.h).
#pragma once

#include "cuda/stream.h"
#include "kernels/activation/activation.h"

namespace pope::cuda {

void swiglu(const float* gate, const float* up, float* out, int64_t n, Stream& stream);
void gelu(const float* x, float* out, int64_t n, GeluForm form, Stream& stream);

void swiglu_backward(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n,
                     Stream& stream);
void gelu_backward(const float* x, const float* dy, float* dx, int64_t n, GeluForm form, Stream& stream);

}  // namespace pope::cuda
