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

// That of the 16-bit array.
int32_t checked_dtype(const OpCall& call) {
  const int64_t dtype = call.dim(1);
  if (dtype != POPE_F16 && dtype != POPE_BF16) {
    call.fail(Status::invalid_argument, "dtype must be 1 (f16) or 2 (bf16), not " + std::to_string(dtype));
  }
  return static_cast<int32_t>(dtype);
}

// That of the array whose elements [first, first + n) are replaced.
int64_t checked_total(const OpCall& call) {
  const int64_t n = call.size(0), first = call.size(2), total = call.size(3);
  if (first + n > total) {
    call.fail(Status::invalid_argument, std::to_string(n) + " elements from " + std::to_string(first) +
                                            " on are more than the result's " + std::to_string(total));
  }
  return total;
}

#ifndef POPE_REFERENCE

// convert(from + i, to + i, n, dtype) by blocks.
template <class From, class To>
void convert_all(void (*convert)(const From*, To*, int64_t, int32_t), const From* from, To* to, int64_t n,
                 int32_t dtype, ThreadPool& pool) {
  constexpr int64_t kGrain = 32768;  // elements
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    convert(from + begin, to + begin, end - begin, dtype);
  });
}

#endif

Work cast_to(const uint16_t* bits, int32_t dtype, int64_t n, Scalar* out) {
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) {
    dtype == POPE_F16 ? reference::cast_f16(bits, out, n) : reference::cast_bf16(bits, out, n);
  };
#else
  return {[=](ThreadPool& pool) { convert_all(cast, bits, out, n, dtype, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            dtype == POPE_F16 ? cuda::cast_f16(bits, out, n, stream) : cuda::cast_bf16(bits, out, n, stream);
          })};
#endif
}

Work narrow_to(const Scalar* values, int32_t dtype, int64_t n, uint16_t* bits) {
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::round_to<Scalar>(bits, dtype, {values, values + n}); };
#else
  return {[=](ThreadPool& pool) { convert_all(narrow, values, bits, n, dtype, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::narrow(values, bits, n, dtype, stream); })};
#endif
}

}  // namespace

Work prepare_cast(const OpCall& call) {
  const int64_t n = call.size(0);
  const int32_t dtype = checked_dtype(call);
  const uint16_t* bits = call.input<uint16_t>(0, n);
  return cast_to(bits, dtype, n, call.output<Scalar>(0, n));
}

Work prepare_cast_into(const OpCall& call) {
  const int64_t n = call.size(0), first = call.size(2), total = checked_total(call);
  const int32_t dtype = checked_dtype(call);
  const uint16_t* bits = call.input<uint16_t>(0, n);
  return cast_to(bits, dtype, n, call.output<Scalar>(0, total) + first);
}

Work prepare_narrow(const OpCall& call) {
  const int64_t n = call.size(0);
  const int32_t dtype = checked_dtype(call);
  const Scalar* values = call.input<Scalar>(0, n);
  return narrow_to(values, dtype, n, call.output<uint16_t>(0, n));
}

Work prepare_narrow_into(const OpCall& call) {
  const int64_t n = call.size(0), first = call.size(2), total = checked_total(call);
  const int32_t dtype = checked_dtype(call);
  const Scalar* values = call.input<Scalar>(0, n);
  return narrow_to(values, dtype, n, call.output<uint16_t>(0, total) + first);
}

}  // namespace pope
