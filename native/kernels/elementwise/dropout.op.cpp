#include "kernels/elementwise/dropout.h"

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/dropout.reference.h"
#else
#include "kernels/elementwise/dropout.cuda.h"
#endif

namespace pope {

Work prepare_dropout(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), n = checked_product({rows, width});
  const DropoutMask mask{.seed = static_cast<uint64_t>(call.dim(2)),
                         .stream = static_cast<uint64_t>(call.dim(3)),
                         .keep = static_cast<float>(call.scalar(0))};
  if (!(mask.keep > 0 && mask.keep <= 1)) {
    call.fail(Status::invalid_argument, "keep must be above 0 and at most 1, not " + std::to_string(call.scalar(0)));
  }
  const Scalar* x = call.input<Scalar>(0, n);
  const int32_t* places = call.input<int32_t>(1, checked_product({rows, 3}));
  Scalar* y = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::dropout(x, places, y, rows, width, mask); };
#else
  return {[=](ThreadPool& pool) { dropout(x, places, y, rows, width, mask, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::dropout(x, places, y, rows, width, mask, stream); })};
#endif
}

}  // namespace pope
