#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/norm/layer_norm.reference.h"
#else
#include "kernels/norm/layer_norm.h"
#endif

namespace pope {

Work prepare_layer_norm(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1);
  const double eps = call.scalar(0);
  if (!(eps >= 0)) call.fail(Status::invalid_argument, "eps must be >= 0, not " + std::to_string(eps));
  const int64_t count = checked_product({rows, width});
  const Scalar* x = call.input<Scalar>(0, count);
  const Scalar* weight = call.input<Scalar>(1, width);
  const Scalar* bias = call.input<Scalar>(2, width);
  Scalar* out = call.output<Scalar>(0, count);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::layer_norm(x, weight, bias, out, rows, width, eps); };
#else
  return [=](ThreadPool& pool) { layer_norm(x, weight, bias, out, rows, width, eps, pool); };
#endif
}

}  // namespace pope
