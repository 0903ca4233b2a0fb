#include "kernels/op.h"
#include "pope.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/exact.reference.h"
#include "kernels/matmul/matmul.reference.h"
#else
#include "kernels/factor_type.h"
#include "kernels/matmul/matmul.cuda.h"
#include "kernels/matmul/matmul.h"
#endif

namespace pope {

Work prepare_matmul(const OpCall& call) {
  const int64_t m = call.size(0), n = call.size(1), k = call.size(2);
  const bool transposed = call.dim(3) != 0;
  const int64_t a_count = checked_product({m, k}), b_count = checked_product({n, k});
  const int32_t dtype = call.float_type(4);
  const void* a = call.float_input(0, a_count, dtype);
  const void* b = call.float_input(1, b_count, dtype);
  const Scalar* bias = call.optional_input<Scalar>(2, n);
  Scalar* c = call.output<Scalar>(0, checked_product({m, n}));
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
#ifdef POPE_REFERENCE
    using reference::exact;
    reference::matmul(exact<Scalar>(a, dtype, a_count).data(), exact<Scalar>(b, dtype, b_count).data(), bias, c, m, n,
                      k, transposed);
#else
    with_factor_type("matmul", dtype, [&]<class T>(T) {
      matmul(static_cast<const T*>(a), static_cast<const T*>(b), bias, c, {m, n, k, transposed}, pool);
    });
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::matmul(a, b, dtype, bias, c, {m, n, k, transposed}, stream);
          })};
}

}  // namespace pope
