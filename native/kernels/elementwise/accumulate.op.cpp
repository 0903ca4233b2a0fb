#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/accumulate.reference.h"
#else
#include "kernels/elementwise/accumulate.h"
#include "kernels/elementwise/add.cuda.h"
#endif

namespace pope {

Work prepare_fill(const OpCall& call) {
  const int64_t n = call.size(0);
  const auto value = static_cast<Scalar>(call.scalar(0));
  Scalar* y = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::fill(y, n, value); };
#else
  return {[=](ThreadPool& pool) { fill(y, n, value, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::fill(y, n, value, stream); })};
#endif
}

Work prepare_accumulate(const OpCall& call) {
  const int64_t n = call.size(0);
  const auto scale = static_cast<Scalar>(call.scalar(0));
  const Scalar* x = call.input<Scalar>(0, n);
  Scalar* y = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::accumulate(x, y, n, scale); };
#else
  return {[=](ThreadPool& pool) { accumulate(x, y, n, scale, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::accumulate(x, y, n, scale, stream); })};
#endif
}

}  // namespace pope
