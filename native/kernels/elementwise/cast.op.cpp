#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/exact.reference.h"
#else
#include "kernels/elementwise/cast.cuda.h"
#include "kernels/elementwise/cast.h"
#include "kernels/elementwise/narrow.h"
#endif

namespace pope {

namespace {

constexpr int64_t kGrain = 32768;  // elements, as in cast

// That of the 16-bit array.
int64_t checked_dtype(const OpCall& call) {
  const int64_t dtype = call.dim(1);
  if (dtype != POPE_F16 && dtype != POPE_BF16) {
    call.fail(Status::invalid_argument, "dtype must be 1 (f16) or 2 (bf16), not " + std::to_string(dtype));
  }
  return dtype;
}

}  // namespace

Work prepare_cast(const OpCall& call) {
  const int64_t n = call.size(0), dtype = checked_dtype(call);
  const uint16_t* bits = call.input<uint16_t>(0, n);
  Scalar* out = call.output<Scalar>(0, n);
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

Work prepare_narrow(const OpCall& call) {
  const int64_t n = call.size(0), dtype = checked_dtype(call);
  const Scalar* values = call.input<Scalar>(0, n);
  uint16_t* bits = call.output<uint16_t>(0, n);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::round_to<Scalar>(bits, static_cast<int32_t>(dtype), {values, values + n}); };
#else
  return {[=](ThreadPool& pool) {
            const auto narrow = dtype == POPE_F16 ? narrow_f16 : narrow_bf16;
            pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
              narrow(values + begin, bits + begin, end - begin);
            });
          },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::narrow(values, bits, n, dtype, stream); })};
#endif
}

}  // namespace pope
