#include "kernels/attention/attention.h"

#include <cmath>
#include <vector>

#include "kernels/op.h"
#include "pope.h"

#ifdef POPE_REFERENCE
#include "kernels/attention/attention.reference.h"
#include "kernels/attention/attention_backward.reference.h"
#include "kernels/elementwise/exact.reference.h"
#else
#include "kernels/attention/attention_backward.h"
#include "kernels/factor_type.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/attention/attention.cuda.h"
#endif

namespace pope {

namespace {

// What both ops begin with. q, k and v have two or four bytes per element, by dtype.
struct Attention {
  AttentionShape shape;
  int32_t dtype;
  double scale;
  int64_t query_count, key_count;
  const void *q, *k, *v;
  const Segment* segments;

  Attention(const OpCall& call, size_t segments_at)
      : shape{call.size(0), call.size(1), call.size(2), call.size(3), call.size(4)},
        dtype(call.float_type(5)),
        scale(call.scalar(0)) {
    if (shape.heads == 0 || shape.kv == 0 || shape.heads % shape.kv != 0) {
      call.fail(Status::shape, std::to_string(shape.heads) + " query heads cannot share " + std::to_string(shape.kv) +
                                   " key-value heads evenly");
    }
    if (!(scale > 0 && std::isfinite(scale))) {
      call.fail(Status::invalid_argument, "scale must be positive and finite, not " + std::to_string(scale));
    }
    query_count = checked_product({shape.rows, shape.heads, shape.head});
    key_count = checked_product({shape.rows, shape.kv, shape.head});
    q = call.float_input(0, query_count, dtype);
    k = call.float_input(1, key_count, dtype);
    v = call.float_input(2, key_count, dtype);
    static_assert(sizeof(Segment) == 4 * sizeof(int32_t));
    segments = reinterpret_cast<const Segment*>(call.input<int32_t>(segments_at, checked_product({shape.segments, 4})));
  }
};

}  // namespace

Work prepare_attention(const OpCall& call) {
  const Attention a(call, 3);
  void* out = call.float_output(0, a.query_count, a.dtype);
  Scalar* log_sum_exp = call.optional_output<Scalar>(1, checked_product({a.shape.heads, a.shape.rows}));
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
    check_segments(a.segments, a.shape);  // which a GPU does where it reads them
#ifdef POPE_REFERENCE
    using reference::exact;
    std::vector<Scalar> result(static_cast<size_t>(a.query_count));
    reference::attention(exact<Scalar>(a.q, a.dtype, a.query_count).data(),
                         exact<Scalar>(a.k, a.dtype, a.key_count).data(),
                         exact<Scalar>(a.v, a.dtype, a.key_count).data(), a.segments, result.data(), log_sum_exp,
                         a.shape, a.scale);
    reference::round_to(out, a.dtype, result);
#else
    with_factor_type("attention", a.dtype, [&]<class T>(T) {
      attention(static_cast<const T*>(a.q), static_cast<const T*>(a.k), static_cast<const T*>(a.v), a.segments,
                static_cast<T*>(out), log_sum_exp, a.shape, static_cast<float>(a.scale), pool);
    });
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::attention(a.q, a.k, a.v, a.dtype, a.segments, out, log_sum_exp, a.shape, static_cast<float>(a.scale),
                            stream);
          })};
}

Work prepare_attention_backward(const OpCall& call) {
  const Attention a(call, 5);
  const void* out = call.float_input(3, a.query_count, a.dtype);
  const void* dout = call.float_input(4, a.query_count, a.dtype);
  [[maybe_unused]] const Scalar* log_sum_exp =  // which only a GPU needs; others form the sums anew
      call.optional_input<Scalar>(6, checked_product({a.shape.heads, a.shape.rows}));
  void* dq = call.float_output(0, a.query_count, a.dtype);
  void* dk = call.float_output(1, a.key_count, a.dtype);
  void* dv = call.float_output(2, a.key_count, a.dtype);
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
    check_segments(a.segments, a.shape);
#ifdef POPE_REFERENCE
    (void)out;  // an aid of the kernel; the reference forms the sums anew
    using reference::exact;
    const auto query_count = static_cast<size_t>(a.query_count), key_count = static_cast<size_t>(a.key_count);
    std::vector<Scalar> query_gradient(query_count), key_gradient(key_count), value_gradient(key_count);
    reference::attention_backward(exact<Scalar>(a.q, a.dtype, a.query_count).data(),
                                  exact<Scalar>(a.k, a.dtype, a.key_count).data(),
                                  exact<Scalar>(a.v, a.dtype, a.key_count).data(),
                                  exact<Scalar>(dout, a.dtype, a.query_count).data(), a.segments, query_gradient.data(),
                                  key_gradient.data(), value_gradient.data(), a.shape, a.scale);
    reference::round_to(dq, a.dtype, query_gradient);
    reference::round_to(dk, a.dtype, key_gradient);
    reference::round_to(dv, a.dtype, value_gradient);
#else
    with_factor_type("attention_backward", a.dtype, [&]<class T>(T) {
      const auto numbers = [](const void* values) { return static_cast<const T*>(values); };
      attention_backward<T>({numbers(a.q), numbers(a.k), numbers(a.v), numbers(out), numbers(dout)}, a.segments,
                            {static_cast<T*>(dq), static_cast<T*>(dk), static_cast<T*>(dv)}, a.shape,
                            static_cast<float>(a.scale), pool);
    });
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::attention_backward({.q = a.q,
                                      .k = a.k,
                                      .v = a.v,
                                      .out = out,
                                      .dout = dout,
                                      .log_sum_exp = log_sum_exp,
                                      .dtype = a.dtype,
                                      .segments = a.segments,
                                      .dq = dq,
                                      .dk = dk,
                                      .dv = dv,
                                      .shape = a.shape,
                                      .scale = static_cast<float>(a.scale)},
                                     stream);
          })};
}

}  // namespace pope
