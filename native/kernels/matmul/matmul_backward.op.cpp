#include "kernels/op.h"
#include "pope.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/exact.reference.h"
#include "kernels/matmul/matmul_backward.reference.h"
#else
#include "kernels/factor_type.h"
#include "kernels/matmul/matmul.cuda.h"
#include "kernels/matmul/matmul_backward.h"
#endif

namespace pope {

Work prepare_matmul_weight_gradient(const OpCall& call) {
  const int64_t m = call.size(0), n = call.size(1), k = call.size(2);
  const bool transposed = call.dim(3) != 0;
  const int64_t dy_count = checked_product({m, n}), x_count = checked_product({m, k});
  const int32_t dtype = call.float_type(4);
  const void* dy = call.float_input(0, dy_count, dtype);
  const void* x = call.float_input(1, x_count, dtype);
  Scalar* dw = call.output<Scalar>(0, checked_product({n, k}));
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
#ifdef POPE_REFERENCE
    using reference::exact;
    reference::matmul_weight_gradient(exact<Scalar>(dy, dtype, dy_count).data(),
                                      exact<Scalar>(x, dtype, x_count).data(), dw, m, n, k, transposed);
#else
    with_factor_type("matmul_weight_gradient", dtype, [&]<class T>(T) {
      matmul_weight_gradient(static_cast<const T*>(dy), static_cast<const T*>(x), dw, {m, n, k, transposed}, pool);
    });
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::matmul_weight_gradient(dy, x, dtype, dw, {m, n, k, transposed}, stream);
          })};
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
