// The check of a row's spans where they are read. For .cu files.
#pragma once

#include "cuda/report.h"
#include "kernels/decode/attention_decode.h"

namespace pope::cuda {

enum class SpanFault : unsigned { outside, nothing };

// The span, or, reported, one that sees nothing.
__device__ inline CacheSpan checked_span(const CacheSpan* spans, int64_t row, int64_t capacity, RefusalWord* refusals) {
  const CacheSpan span = spans[row];
  const auto inside = [=](int start, int end) { return start >= 0 && start <= end && end <= capacity; };
  const bool both = inside(span.prefix_start, span.prefix_end) && inside(span.own_start, span.own_end);
  const bool nothing = span.prefix_start == span.prefix_end && span.own_start == span.own_end;
  if (both && !nothing) return span;
  report(refusals, static_cast<unsigned>(both ? SpanFault::nothing : SpanFault::outside), row);
  return {0, 0, 0, 0};
}

}  // namespace pope::cuda
