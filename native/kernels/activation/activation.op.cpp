#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/activation/activation.reference.h"
#else
#include "kernels/activation/activation.h"
#endif

namespace pope {

Work prepare_swiglu(const OpCall& call) {
  const int64_t n = call.size(0);
  const Scalar* gate = call.input<Scalar>(0, n);
  const Scalar* up = call.input<Scalar>(1, n);
  Scalar* out = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::swiglu(gate, up, out, n); };
#else
  return [=](ThreadPool& pool) { swiglu(gate, up, out, n, pool); };
#endif
}

Work prepare_gelu(const OpCall& call) {
  const int64_t n = call.size(0), form = call.dim(1);
  if (form != 0 && form != 1) {
    call.fail(Status::invalid_argument, "the form must be 0 (tanh) or 1 (erf), not " + std::to_string(form));
  }
  const Scalar* x = call.input<Scalar>(0, n);
  Scalar* out = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { form == 0 ? reference::gelu_tanh(x, out, n) : reference::gelu_erf(x, out, n); };
#else
  return [=](ThreadPool& pool) { gelu(x, out, n, static_cast<GeluForm>(form), pool); };
#endif
}

}  // namespace pope
