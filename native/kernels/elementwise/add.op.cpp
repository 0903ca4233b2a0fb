#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/add.reference.h"
#else
#include "kernels/elementwise/add.cuda.h"
#include "kernels/elementwise/add.h"
#endif

namespace pope {

Work prepare_add(const OpCall& call) {
  const int64_t n = call.size(0);
  const Scalar* a = call.input<Scalar>(0, n);
  const Scalar* b = call.input<Scalar>(1, n);
  Scalar* out = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::add(a, b, out, n); };
#else
  return {[=](ThreadPool& pool) { add(a, b, out, n, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::add(a, b, out, n, stream); })};
#endif
}

}  // namespace pope
