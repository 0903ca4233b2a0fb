#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/embedding/gather_rows.reference.h"
#else
#include "kernels/embedding/gather_rows.cuda.h"
#include "kernels/embedding/gather_rows.h"
#endif

namespace pope {

namespace {

Work gather(const char* op, const void* x, int32_t dtype, const int32_t* index, Scalar* out, int64_t rows,
            int64_t width, int64_t count) {
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::gather_rows(op, x, dtype, index, out, rows, width, count); };
#else
  return {[=](ThreadPool& pool) { gather_rows(op, x, dtype, index, out, rows, width, count, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::gather_rows(op, x, dtype, index, out, rows, width, count, stream);
          })};
#endif
}

}  // namespace

Work prepare_embedding(const OpCall& call) {
  const int64_t rows = call.size(0), vocab = call.size(1), width = call.size(2);
  const int32_t* ids = call.input<int32_t>(0, rows);
  const int32_t dtype = call.float_type(3);
  const void* table = call.float_input(1, checked_product({vocab, width}), dtype);
  Scalar* out = call.output<Scalar>(0, checked_product({rows, width}));
  return gather("embedding", table, dtype, ids, out, vocab, width, rows);
}

Work prepare_gather_rows(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), count = call.size(2);
  const Scalar* x = call.input<Scalar>(0, checked_product({rows, width}));
  const int32_t* index = call.input<int32_t>(1, count);
  Scalar* out = call.output<Scalar>(0, checked_product({count, width}));
  return gather("gather_rows", x, POPE_F32, index, out, rows, width, count);
}

}  // namespace pope
