#include "kernels/attention/attention.h"

#include <cmath>

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/attention/attention.reference.h"
#include "kernels/attention/attention_backward.reference.h"
#else
#include "kernels/attention/attention_backward.h"
#endif

namespace pope {

namespace {

AttentionShape checked_shape(const OpCall& call) {
  const AttentionShape shape{call.size(0), call.size(1), call.size(2), call.size(3), call.size(4)};
  if (shape.heads == 0 || shape.kv == 0 || shape.heads % shape.kv != 0) {
    call.fail(Status::shape, std::to_string(shape.heads) + " query heads cannot share " + std::to_string(shape.kv) +
                                 " key-value heads evenly");
  }
  return shape;
}

double checked_scale(const OpCall& call) {
  const double scale = call.scalar(0);
  if (!(scale > 0 && std::isfinite(scale))) {
    call.fail(Status::invalid_argument, "scale must be positive and finite, not " + std::to_string(scale));
  }
  return scale;
}

const Segment* segments_input(const OpCall& call, size_t i, const AttentionShape& shape) {
  static_assert(sizeof(Segment) == 4 * sizeof(int32_t));
  return reinterpret_cast<const Segment*>(call.input<int32_t>(i, checked_product({shape.segments, 4})));
}

}  // namespace

Work prepare_attention(const OpCall& call) {
  const AttentionShape shape = checked_shape(call);
  const double scale = checked_scale(call);
  const int64_t query_count = checked_product({shape.rows, shape.heads, shape.head});
  const int64_t key_count = checked_product({shape.rows, shape.kv, shape.head});
  const Scalar* q = call.input<Scalar>(0, query_count);
  const Scalar* k = call.input<Scalar>(1, key_count);
  const Scalar* v = call.input<Scalar>(2, key_count);
  const Segment* segments = segments_input(call, 3, shape);
  Scalar* out = call.output<Scalar>(0, query_count);
  return [=]([[maybe_unused]] ThreadPool& pool) {
    check_segments(segments, shape);
#ifdef POPE_REFERENCE
    reference::attention(q, k, v, segments, out, shape, scale);
#else
    attention(q, k, v, segments, out, shape, static_cast<float>(scale), pool);
#endif
  };
}

Work prepare_attention_backward(const OpCall& call) {
  const AttentionShape shape = checked_shape(call);
  const double scale = checked_scale(call);
  const int64_t query_count = checked_product({shape.rows, shape.heads, shape.head});
  const int64_t key_count = checked_product({shape.rows, shape.kv, shape.head});
  const Scalar* q = call.input<Scalar>(0, query_count);
  const Scalar* k = call.input<Scalar>(1, key_count);
  const Scalar* v = call.input<Scalar>(2, key_count);
  const Scalar* out = call.input<Scalar>(3, query_count);
  const Scalar* dout = call.input<Scalar>(4, query_count);
  const Segment* segments = segments_input(call, 5, shape);
  Scalar* dq = call.output<Scalar>(0, query_count);
  Scalar* dk = call.output<Scalar>(1, key_count);
  Scalar* dv = call.output<Scalar>(2, key_count);
  return [=]([[maybe_unused]] ThreadPool& pool) {
    check_segments(segments, shape);
#ifdef POPE_REFERENCE
    (void)out;  // an aid of the kernel; the reference forms the sums anew
    reference::attention_backward(q, k, v, dout, segments, dq, dk, dv, shape, scale);
#else
    attention_backward({q, k, v, out, dout}, segments, {dq, dk, dv}, shape, static_cast<float>(scale), pool);
#endif
  };
}

}  // namespace pope
