#include "kernels/matmul/product.cuda.h"

#include <limits>

#include "core/error.h"
#include "cuda/cublaslt.h"
#include "pope.h"

namespace pope::cuda {

namespace {

bool by_cublaslt(const Product& p, Stream& stream) {
  if (p.m == 0 || p.n == 0 || p.k == 0 || !have_cublaslt()) return false;
  return multiply_cublaslt({.a_transposed = p.form == ProductForm::a_transposed,
                            .b_transposed = p.form == ProductForm::b_transposed,
                            .m = p.m,
                            .n = p.n,
                            .k = p.k,
                            .a = p.a,
                            .a_pitch = p.a_pitch,
                            .b = p.b,
                            .b_pitch = p.b_pitch,
                            .c = p.c,
                            .c_pitch = p.c_pitch,
                            .dtype = p.dtype,
                            .c_dtype = POPE_F32,
                            .beta = p.accumulate ? 1.0f : 0.0f},
                           stream);
}

}  // namespace

void product(const Product& p, Stream& stream) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  if (p.m > kMost || p.n > kMost || p.k > kMost) {
    throw Error(Status::unsupported, "a product on a GPU takes fewer than 2^31 rows, columns and terms");
  }
  if (by_cublaslt(p, stream)) return;
  p.dtype == POPE_F32 ? float_product(p, stream) : tensor_product(p, stream);
}

}  // namespace pope::cuda
