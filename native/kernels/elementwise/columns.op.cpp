#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/columns.reference.h"
#include "kernels/elementwise/columns_backward.reference.h"
#else
#include "kernels/elementwise/columns.cuda.h"
#include "kernels/elementwise/columns.h"
#include "kernels/elementwise/columns_backward.h"
#endif

namespace pope {

namespace {

void check_range(const OpCall& call, int64_t width, int64_t start, int64_t count) {
  if (start + count > width) {
    call.fail(Status::shape, "columns " + std::to_string(start) + " to " + std::to_string(start + count) +
                                 " are not within a width of " + std::to_string(width));
  }
}

}  // namespace

Work prepare_columns(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), start = call.size(2), count = call.size(3);
  check_range(call, width, start, count);
  const Scalar* x = call.input<Scalar>(0, checked_product({rows, width}));
  Scalar* out = call.output<Scalar>(0, checked_product({rows, count}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::columns(x, out, rows, width, start, count); };
#else
  return {[=](ThreadPool& pool) { columns(x, out, rows, width, start, count, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::columns(x, out, rows, width, start, count, stream); })};
#endif
}

Work prepare_columns_backward(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), start = call.size(2), count = call.size(3);
  check_range(call, width, start, count);
  const Scalar* dy = call.input<Scalar>(0, checked_product({rows, count}));
  Scalar* dx = call.output<Scalar>(0, checked_product({rows, width}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::columns_backward(dy, dx, rows, width, start, count); };
#else
  return {[=](ThreadPool& pool) { columns_backward(dy, dx, rows, width, start, count, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::columns_backward(dy, dx, rows, width, start, count, stream);
          })};
#endif
}

}  // namespace pope
