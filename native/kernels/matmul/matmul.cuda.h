// matmul and its gradients on a GPU (formulas in matmul.h and matmul_backward.h), by the products of product.cuda.h.
#pragma once

#include "cuda/stream.h"
#include "kernels/matmul/matmul.h"

namespace pope::cuda {

void matmul(const float* a, const float* b, const float* bias, float* c, const MatmulShape& shape, Stream& stream);
void matmul_weight_gradient(const float* dy, const float* x, float* dw, const MatmulShape& shape, Stream& stream);
void bias_gradient(const float* dy, float* db, int64_t rows, int64_t width, Stream& stream);

}  // namespace pope::cuda
