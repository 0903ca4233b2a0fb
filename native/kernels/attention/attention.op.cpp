#include "kernels/attention/attention.h"

#include <cmath>

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/attention/attention.reference.h"
#endif

namespace pope {

Work prepare_attention(const OpCall& call) {
  const AttentionShape shape{call.size(0), call.size(1), call.size(2), call.size(3), call.size(4)};
  if (shape.heads == 0 || shape.kv == 0 || shape.heads % shape.kv != 0) {
    call.fail(Status::shape, std::to_string(shape.heads) + " query heads cannot share " + std::to_string(shape.kv) +
                                 " key-value heads evenly");
  }
  const double scale = call.scalar(0);
  if (!(scale > 0 && std::isfinite(scale))) {
    call.fail(Status::invalid_argument, "scale must be positive and finite, not " + std::to_string(scale));
  }
  const int64_t query_count = checked_product({shape.rows, shape.heads, shape.head});
  const int64_t key_count = checked_product({shape.rows, shape.kv, shape.head});
  const Scalar* q = call.input<Scalar>(0, query_count);
  const Scalar* k = call.input<Scalar>(1, key_count);
  const Scalar* v = call.input<Scalar>(2, key_count);
  static_assert(sizeof(Segment) == 4 * sizeof(int32_t));
  const auto* segments =
      reinterpret_cast<const Segment*>(call.input<int32_t>(3, checked_product({shape.segments, 4})));
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

}  // namespace pope
