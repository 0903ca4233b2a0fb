// swiglu, gelu and their backward on a GPU (formulas in activation.h). `dtype` is that of out, which is rounded as it is
// written.
#pragma once

#include "cuda/stream.h"
#include "kernels/activation/activation.h"

namespace pope::cuda {

void swiglu(const float* gate, const float* up, void* out, int32_t dtype, int64_t n, Stream& stream);
void gelu(const float* x, void* out, int32_t dtype, int64_t n, GeluForm form, Stream& stream);

void swiglu_backward(const float* gate, const float* up, const float* dy, float* dgate, float* dup, int64_t n,
                     Stream& stream);
void gelu_backward(const float* x, const float* dy, float* dx, int64_t n, GeluForm form, Stream& stream);

}  // namespace pope::cuda
