#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/matmul/matmul_backward.reference.h"
#else
#include "kernels/matmul/matmul.cuda.h"
#include "kernels/matmul/matmul_backward.h"
#endif

namespace pope {

Work prepare_matmul_weight_gradient(const OpCall& call) {
  const int64_t m = call.size(0), n = call.size(1), k = call.size(2);
  const bool transposed = call.dim(3) != 0;
  const Scalar* dy = call.input<Scalar>(0, checked_product({m, n}));
  const Scalar* x = call.input<Scalar>(1, checked_product({m, k}));
  Scalar* dw = call.output<Scalar>(0, checked_product({n, k}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::matmul_weight_gradient(dy, x, dw, m, n, k, transposed); };
#else
  return {[=](ThreadPool& pool) { matmul_weight_gradient(dy, x, dw, {m, n, k, transposed}, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::matmul_weight_gradient(dy, x, dw, {m, n, k, transposed}, stream);
          })};
#endif
}

Work prepare_bias_gradient(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1);
  const Scalar* dy = call.input<Scalar>(0, checked_product({rows, width}));
  Scalar* db = call.output<Scalar>(0, width);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::bias_gradient(dy, db, rows, width); };
#else
  return {[=](ThreadPool& pool) { bias_gradient(dy, db, rows, width, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::bias_gradient(dy, db, rows, width, stream); })};
#endif
}

}  // namespace pope
