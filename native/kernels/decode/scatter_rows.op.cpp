#include "kernels/decode/scatter_rows.h"

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/decode/scatter_rows.reference.h"
#else
#include "kernels/decode/scatter_rows.cuda.h"
#endif

namespace pope {

Work prepare_scatter_rows(const OpCall& call) {
  const ScatterShape shape{call.size(0), call.size(1), call.size(2)};
  const Scalar* x = call.input<Scalar>(0, checked_product({shape.rows, shape.width}));
  const int32_t* index = call.input<int32_t>(1, shape.rows);
  const int32_t dtype = call.float_type(3);
  void* dst = call.float_output(0, checked_product({shape.capacity, shape.width}), dtype);
  const auto on_cpu = [=](ThreadPool&) {
    check_scatter_index(index, shape);
#ifdef POPE_REFERENCE
    reference::scatter_rows(x, index, dst, dtype, shape);
#else
    scatter_rows(x, index, dst, dtype, shape);
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::scatter_rows(x, index, dst, dtype, shape, stream); })};
}

}  // namespace pope
