#include "kernels/decode/attention_decode.h"

#include <cmath>

#include "kernels/op.h"
#include "pope.h"

#ifdef POPE_REFERENCE
#include "kernels/decode/attention_decode.reference.h"
#include "kernels/elementwise/exact.reference.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/decode/attention_decode.cuda.h"
#endif

namespace pope {

Work prepare_attention_decode(const OpCall& call) {
  const DecodeShape shape{call.size(0), call.size(1), call.size(2), call.size(3), call.size(4)};
  if (shape.heads == 0 || shape.kv == 0 || shape.heads % shape.kv != 0) {
    call.fail(Status::shape, std::to_string(shape.heads) + " query heads cannot share " + std::to_string(shape.kv) +
                                 " key-value heads evenly");
  }
  const double scale = call.scalar(0);
  if (!(scale > 0 && std::isfinite(scale))) {
    call.fail(Status::invalid_argument, "scale must be positive and finite, not " + std::to_string(scale));
  }
  const int64_t query_count = checked_product({shape.rows, shape.heads, shape.head});
  const int64_t cache_count = checked_product({shape.capacity, shape.kv, shape.head});
  const int32_t dtype = call.float_type(5);
  const Scalar* q = call.input<Scalar>(0, query_count);
  const void* keys = call.float_input(1, cache_count, dtype);
  const void* values = call.float_input(2, cache_count, dtype);
  static_assert(sizeof(CacheSpan) == 4 * sizeof(int32_t));
  const auto* spans = reinterpret_cast<const CacheSpan*>(call.input<int32_t>(3, checked_product({shape.rows, 4})));
  Scalar* out = call.output<Scalar>(0, query_count);
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
#ifdef POPE_REFERENCE
    check_cache_spans(spans, shape);
    using reference::exact;
    reference::attention_decode(q, exact<Scalar>(keys, dtype, cache_count).data(),
                                exact<Scalar>(values, dtype, cache_count).data(), spans, out, shape, scale);
#else
    check_cache_spans(spans, shape);
    attention_decode(q, keys, values, dtype, spans, out, shape, static_cast<float>(scale), pool);
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::attention_decode(q, keys, values, dtype, spans, out, shape, static_cast<float>(scale), stream);
          })};
}

}  // namespace pope
