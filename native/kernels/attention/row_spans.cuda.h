// What each row of attention sees, as two ranges of keys: the form in which the kernels take masks. Attention over
// segments and attention over a cache (decode/attention_decode.h) are the same kernel behind it.
#pragma once

#include "cuda/stream.h"
#include "kernels/attention/attention.h"
#include "kernels/decode/attention_decode.h"

namespace pope::cuda {

// spans[t] = (prefix_start, prefix_end, start, t + 1) of the segment of row t. Refuses what check_segments refuses; a
// row of which no segment can be trusted sees nothing.
void spans_of_segments(const Segment* segments, const AttentionShape& shape, CacheSpan* spans, Stream& stream);

// The same for spans that the caller gives: refuses what check_cache_spans refuses and copies the others.
void trusted_spans(const CacheSpan* given, const DecodeShape& shape, CacheSpan* spans, Stream& stream);

// What a report of checked_span (span_check.cuda.h) says.
DescribeRefusal describe_span(const DecodeShape& shape);

}  // namespace pope::cuda
