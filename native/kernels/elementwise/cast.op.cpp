#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/cast.reference.h"
#else
#include "kernels/elementwise/cast.cuda.h"
#include "kernels/elementwise/cast.h"
#endif

namespace pope {

Work prepare_cast(const OpCall& call) {
  const int64_t n = call.size(0);
  const int64_t dtype = call.dim(1);
  const uint16_t* bits = call.input<uint16_t>(0, n);
  Scalar* out = call.output<Scalar>(0, n);
  if (dtype != POPE_F16 && dtype != POPE_BF16) {
    call.fail(Status::invalid_argument, "dtype must be 1 (f16) or 2 (bf16), not " + std::to_string(dtype));
  }
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    dtype == POPE_F16 ? reference::cast_f16(bits, out, n) : reference::cast_bf16(bits, out, n);
  };
#else
  return {[=](ThreadPool& pool) {
            dtype == POPE_F16 ? cast_f16(bits, out, n, pool) : cast_bf16(bits, out, n, pool);
          },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            dtype == POPE_F16 ? cuda::cast_f16(bits, out, n, stream) : cuda::cast_bf16(bits, out, n, stream);
          })};
#endif
}

}  // namespace pope
