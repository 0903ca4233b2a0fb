#include "kernels/norm/eps.h"
#include "kernels/op.h"
#include "kernels/rounded_result.h"

#ifdef POPE_REFERENCE
#include "kernels/norm/layer_norm.reference.h"
#include "kernels/norm/layer_norm_backward.reference.h"
#else
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/layer_norm_backward.h"
#include "kernels/norm/norm.cuda.h"
#endif

namespace pope {

Work prepare_layer_norm(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1);
  const double eps = checked_eps(call);
  const int64_t count = checked_product({rows, width});
  const Scalar* x = call.input<Scalar>(0, count);
  const Scalar* weight = call.input<Scalar>(1, width);
  const Scalar* bias = call.input<Scalar>(2, width);
  const int32_t dtype = call.float_type(2);
  void* out = call.float_output(0, count, dtype);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    compute_rounded<Scalar>(out, dtype, count, [&](Scalar* y) {
      reference::layer_norm(x, weight, bias, y, rows, width, eps);
    });
  };
#else
  return {[=](ThreadPool& pool) {
            compute_rounded(out, dtype, rows, width, pool, [&](int64_t first, int64_t some, float* y) {
              layer_norm(x + first * width, weight, bias, y, some, width, eps, pool);
            });
          },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::layer_norm(x, weight, bias, out, dtype, rows, width, eps, stream);
          })};
#endif
}

Work prepare_layer_norm_backward(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1);
  const double eps = checked_eps(call);
  const int64_t count = checked_product({rows, width});
  const Scalar* x = call.input<Scalar>(0, count);
  const Scalar* weight = call.input<Scalar>(1, width);
  const Scalar* dy = call.input<Scalar>(2, count);
  Scalar* dx = call.output<Scalar>(0, count);
  Scalar* dweight = call.optional_output<Scalar>(1, width);
  Scalar* dbias = call.optional_output<Scalar>(2, width);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::layer_norm_backward(x, weight, dy, dx, dweight, dbias, rows, width, eps); };
#else
  return {[=](ThreadPool& pool) { layer_norm_backward(x, weight, dy, dx, dweight, dbias, rows, width, eps, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::layer_norm_backward(x, weight, dy, dx, dweight, dbias, rows, width, eps, stream);
          })};
#endif
}

}  // namespace pope
