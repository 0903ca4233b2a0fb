// Products of matrices on a GPU, accumulated in float: c = op(a) op(b), or c += with `accumulate`.
//   op(a) [m, k], stored as [k, m] in the form a_transposed    op(b) [k, n], stored as [n, k] in the form b_transposed
//   c [m, n]; a and b are of `dtype` (POPE_F32, POPE_F16, POPE_BF16), c is float
// A pitch is the distance of two rows in memory, in elements.
//
// `product` takes cuBLASLt where it was found and accepts the product, else one of ours. Sums run over k in an order
// that the shape alone decides: equal calls give equal bits. f32 is never rounded to TF32.
#pragma once

#include <cstdint>

#include "cuda/stream.h"

namespace pope::cuda {

enum class ProductForm { plain, b_transposed, a_transposed };

struct Product {
  ProductForm form;
  int64_t m, n, k;
  const void* a;
  int64_t a_pitch;
  const void* b;
  int64_t b_pitch;
  float* c;
  int64_t c_pitch;
  bool accumulate;
  int32_t dtype;
};

void product(const Product& p, Stream& stream);

// Ours: f16 and bf16 on tensor cores (tensor_product.cu), f32 on the ordinary units (float_product.cu).
void tensor_product(const Product& p, Stream& stream);
void float_product(const Product& p, Stream& stream);

}  // namespace pope::cuda
