// matmul_weight_gradient: the gradient of matmul's weight, added to what dw holds
//   dw [n, k] += dy^T x when transposed, else dw [k, n] += x^T dy     dy [m, n]   x [m, k]
// bias_gradient: db[j] += sum_i dy[i, j]     dy [rows, width]   db [width]
// The gradient of matmul's a is itself a matmul of dy and the weight, in the other form.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"
#include "kernels/matmul/matmul.h"

namespace pope {

template <class T>  // of the factors, as in matmul.h
void matmul_weight_gradient(const T* dy, const T* x, float* dw, const MatmulShape& shape, ThreadPool& pool);
void bias_gradient(const float* dy, float* db, int64_t rows, int64_t width, ThreadPool& pool);

}  // namespace pope
