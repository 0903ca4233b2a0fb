#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/columns.reference.h"
#else
#include "kernels/elementwise/columns.h"
#endif

namespace pope {

Work prepare_columns(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), start = call.size(2), count = call.size(3);
  if (start + count > width) {
    call.fail(Status::shape, "columns " + std::to_string(start) + " to " + std::to_string(start + count) +
                                 " are not within a width of " + std::to_string(width));
  }
  const Scalar* x = call.input<Scalar>(0, checked_product({rows, width}));
  Scalar* out = call.output<Scalar>(0, checked_product({rows, count}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::columns(x, out, rows, width, start, count); };
#else
  return [=](ThreadPool& pool) { columns(x, out, rows, width, start, count, pool); };
#endif
}

}  // namespace pope
