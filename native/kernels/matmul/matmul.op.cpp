#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/matmul/matmul.reference.h"
#else
#include "kernels/matmul/matmul.cuda.h"
#include "kernels/matmul/matmul.h"
#endif

namespace pope {

Work prepare_matmul(const OpCall& call) {
  const int64_t m = call.size(0), n = call.size(1), k = call.size(2);
  const bool transposed = call.dim(3) != 0;
  const Scalar* a = call.input<Scalar>(0, checked_product({m, k}));
  const Scalar* b = call.input<Scalar>(1, checked_product({n, k}));
  const Scalar* bias = call.optional_input<Scalar>(2, n);
  Scalar* c = call.output<Scalar>(0, checked_product({m, n}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::matmul(a, b, bias, c, m, n, k, transposed); };
#else
  return {[=](ThreadPool& pool) { matmul(a, b, bias, c, {m, n, k, transposed}, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::matmul(a, b, bias, c, {m, n, k, transposed}, stream); })};
#endif
}

}  // namespace pope
