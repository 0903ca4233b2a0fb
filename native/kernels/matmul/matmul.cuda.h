// matmul and its gradients on a GPU (formulas in matmul.h and matmul_backward.h), by the products of product.cuda.h. Both
// factors of a product are of `dtype` (POPE_F32, POPE_F16, POPE_BF16); everything else is float.
#pragma once

#include "cuda/stream.h"
#include "kernels/matmul/matmul.h"

namespace pope::cuda {

void matmul(const void* a, const void* b, int32_t dtype, const float* bias, float* c, const MatmulShape& shape,
            Stream& stream);
void matmul_weight_gradient(const void* dy, const void* x, int32_t dtype, float* dw, const MatmulShape& shape,
                            Stream& stream);
void bias_gradient(const float* dy, float* db, int64_t rows, int64_t width, Stream& stream);

}  // namespace pope::cuda
