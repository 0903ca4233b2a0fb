#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/accumulate.reference.h"
#include "kernels/embedding/add_rows.reference.h"
#else
#include "kernels/elementwise/accumulate.h"
#include "kernels/elementwise/add.cuda.h"
#include "kernels/embedding/add_rows.cuda.h"
#include "kernels/embedding/add_rows.h"
#endif

namespace pope {

Work prepare_embedding_backward(const OpCall& call) {
  const int64_t rows = call.size(0), vocab = call.size(1), width = call.size(2);
  const int32_t* ids = call.input<int32_t>(0, rows);
  const Scalar* dy = call.input<Scalar>(1, checked_product({rows, width}));
  Scalar* dtable = call.output<Scalar>(0, checked_product({vocab, width}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::add_rows("embedding_backward", dy, ids, dtable, vocab, width, rows); };
#else
  return {[=](ThreadPool& pool) { add_rows("embedding_backward", dy, ids, dtable, vocab, width, rows, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::add_rows("embedding_backward", dy, ids, dtable, vocab, width, rows, stream);
          })};
#endif
}

Work prepare_gather_rows_backward(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), count = call.size(2);
  const Scalar* dy = call.input<Scalar>(0, checked_product({count, width}));
  const int32_t* index = call.input<int32_t>(1, count);
  Scalar* dx = call.output<Scalar>(0, checked_product({rows, width}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    reference::fill(dx, rows * width, Scalar(0));
    reference::add_rows("gather_rows_backward", dy, index, dx, rows, width, count);
  };
#else
  return {[=](ThreadPool& pool) {
            fill(dx, rows * width, 0.0f, pool);
            add_rows("gather_rows_backward", dy, index, dx, rows, width, count, pool);
          },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::fill(dx, rows * width, 0.0f, stream);
            cuda::add_rows("gather_rows_backward", dy, index, dx, rows, width, count, stream);
          })};
#endif
}

}  // namespace pope
