// matmul: c = a op(b) + bias
//   a [m, k]   b [n, k] when transposed (a weight matrix [out, in]), else [k, n]   bias [n] or nullptr   c [m, n]
// Factors of type T: float, or uint16_t for bf16, whose products are summed in float all the same.
//
// c starts as the bias (or zero) and the products are accumulated into it in the order of k, which is never split: a
// row of c has the same bits whatever the other rows and the number of threads are. After Goto and van de Geijn,
// "Anatomy of High-Performance Matrix Multiplication" (2008).
//
// A product of a few rows reads b once and packs nothing (few_rows.tiered.h), to the same bits.
//
// A BLAS that was found (core/blas.h) takes the larger products of more rows of floats. Bits then still do not depend on the
// number of threads, but a row's may depend on the number of rows; POPE_BLAS=off rules that out.
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct MatmulShape {
  int64_t m, n, k;
  bool transposed;
};

template <class T>
void matmul(const T* a, const T* b, const float* bias, float* c, const MatmulShape& shape, ThreadPool& pool);

// c += a op(b)
template <class T>
void add_product(const T* a, const T* b, float* c, const MatmulShape& shape, ThreadPool& pool);

// c += a^T b, the gradient of a weight: k is the number of rows, summed in their order.
//   a [k, m]   b [k, n]   c [m, n]
template <class T>
void add_transposed_product(const T* a, const T* b, float* c, int64_t m, int64_t n, int64_t k, ThreadPool& pool);

}  // namespace pope
