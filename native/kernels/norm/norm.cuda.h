// rms_norm, layer_norm and their backward on a GPU (formulas in rms_norm.h, layer_norm.h and their _backward.h): a block
// of threads per row, sums in float as trees of fixed shape. `dtype` is that of out, which is rounded as it is written.
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

void rms_norm(const float* x, const float* weight, void* out, int32_t dtype, int64_t rows, int64_t width, double eps,
              Stream& stream);
void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, int64_t rows,
                       int64_t width, double eps, Stream& stream);

void layer_norm(const float* x, const float* weight, const float* bias, void* out, int32_t dtype, int64_t rows,
                int64_t width, double eps, Stream& stream);
void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, float* dbias,
                         int64_t rows, int64_t width, double eps, Stream& stream);

}  // namespace pope::cuda
