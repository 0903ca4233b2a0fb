#include "kernels/op.h"
#include "kernels/rounded_result.h"

#ifdef POPE_REFERENCE
#include "kernels/activation/activation.reference.h"
#else
#include "kernels/activation/activation.cuda.h"
#include "kernels/activation/activation.h"
#endif

namespace pope {

namespace {

// 0 (tanh) or 1 (erf)
int64_t checked_form(const OpCall& call) {
  const int64_t form = call.dim(1);
  if (form != 0 && form != 1) {
    call.fail(Status::invalid_argument, "the form must be 0 (tanh) or 1 (erf), not " + std::to_string(form));
  }
  return form;
}

}  // namespace

Work prepare_swiglu(const OpCall& call) {
  const int64_t n = call.size(0);
  const Scalar* gate = call.input<Scalar>(0, n);
  const Scalar* up = call.input<Scalar>(1, n);
  const int32_t dtype = call.float_type(1);
  void* out = call.float_output(0, n, dtype);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    compute_rounded<Scalar>(out, dtype, n, [&](Scalar* y) { reference::swiglu(gate, up, y, n); });
  };
#else
  return {[=](ThreadPool& pool) {
            compute_rounded(out, dtype, n, 1, pool, [&](int64_t first, int64_t some, float* y) {
              swiglu(gate + first, up + first, y, some, pool);
            });
          },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::swiglu(gate, up, out, dtype, n, stream); })};
#endif
}

Work prepare_gelu(const OpCall& call) {
  const int64_t n = call.size(0), form = checked_form(call);
  const Scalar* x = call.input<Scalar>(0, n);
  const int32_t dtype = call.float_type(2);
  void* out = call.float_output(0, n, dtype);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    compute_rounded<Scalar>(out, dtype, n, [&](Scalar* y) {
      form == 0 ? reference::gelu_tanh(x, y, n) : reference::gelu_erf(x, y, n);
    });
  };
#else
  return {[=](ThreadPool& pool) {
            compute_rounded(out, dtype, n, 1, pool, [&](int64_t first, int64_t some, float* y) {
              gelu(x + first, y, some, static_cast<GeluForm>(form), pool);
            });
          },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::gelu(x, out, dtype, n, static_cast<GeluForm>(form), stream);
          })};
#endif
}

Work prepare_swiglu_backward(const OpCall& call) {
  const int64_t n = call.size(0);
  const Scalar* gate = call.input<Scalar>(0, n);
  const Scalar* up = call.input<Scalar>(1, n);
  const Scalar* dy = call.input<Scalar>(2, n);
  Scalar* dgate = call.output<Scalar>(0, n);
  Scalar* dup = call.output<Scalar>(1, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::swiglu_backward(gate, up, dy, dgate, dup, n); };
#else
  return {[=](ThreadPool& pool) { swiglu_backward(gate, up, dy, dgate, dup, n, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::swiglu_backward(gate, up, dy, dgate, dup, n, stream); })};
#endif
}

Work prepare_gelu_backward(const OpCall& call) {
  const int64_t n = call.size(0), form = checked_form(call);
  const Scalar* x = call.input<Scalar>(0, n);
  const Scalar* dy = call.input<Scalar>(1, n);
  Scalar* dx = call.output<Scalar>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    form == 0 ? reference::gelu_tanh_backward(x, dy, dx, n) : reference::gelu_erf_backward(x, dy, dx, n);
  };
#else
  return {[=](ThreadPool& pool) { gelu_backward(x, dy, dx, n, static_cast<GeluForm>(form), pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::gelu_backward(x, dy, dx, n, static_cast<GeluForm>(form), stream);
          })};
#endif
}

}  // namespace pope
