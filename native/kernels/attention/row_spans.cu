#include "kernels/attention/row_spans.cuda.h"

#include <limits>
#include <string>

#include "kernels/attention/span_check.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 128;

enum class SegmentFault : unsigned { order, prefix, end };

// A block per segment, which trusts the one before for its end alone.
__global__ void __launch_bounds__(kThreads)
    spread_segments(const Segment* segments, int count, int rows, CacheSpan* spans, RefusalWord* refusals) {
  for (int s = blockIdx.x; s < count; s += gridDim.x) {
    const Segment segment = segments[s];
    const bool ordered = segment.start == (s == 0 ? 0 : segments[s - 1].end) && segment.end >= segment.start;
    const bool behind = segment.prefix_start >= 0 && segment.prefix_end >= segment.prefix_start &&
                        segment.prefix_end <= segment.start;
    const bool ends = s + 1 < count || segment.end == rows;
    if (threadIdx.x == 0 && !(ordered && behind && ends)) {
      const SegmentFault fault = !ordered ? SegmentFault::order : !behind ? SegmentFault::prefix : SegmentFault::end;
      report(refusals, static_cast<unsigned>(fault), s);
    }
    if (!ordered || !behind || segment.start < 0 || segment.end > rows) continue;
    for (int row = segment.start + threadIdx.x; row < segment.end; row += kThreads) {
      spans[row] = {segment.prefix_start, segment.prefix_end, segment.start, row + 1};
    }
  }
}

__global__ void __launch_bounds__(kThreads)
    copy_spans(const CacheSpan* given, int64_t rows, int64_t capacity, CacheSpan* spans, RefusalWord* refusals) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; row < rows; row += step) {
    spans[row] = checked_span(given, row, capacity, refusals);
  }
}

DescribeRefusal describe_segment(int64_t rows) {
  return [=](const Refusal& refusal) {
    const std::string segment = "attention: segment " + std::to_string(refusal.index);
    const auto error = [&](const std::string& what) {
      return Error(Status::out_of_range, segment + what, refusal.index);
    };
    switch (static_cast<SegmentFault>(refusal.reason)) {
      case SegmentFault::order:
        return error(" must start where the one before ends, the first at row 0, and not end before it starts");
      case SegmentFault::prefix: return error(" has a prefix that does not lie before it");
      case SegmentFault::end: break;
    }
    return error(" is the last and must end at row " + std::to_string(rows));
  };
}

}  // namespace

DescribeRefusal describe_span(const DecodeShape& shape) {
  return [capacity = shape.capacity](const Refusal& refusal) {
    const bool outside = static_cast<SpanFault>(refusal.reason) == SpanFault::outside;
    const std::string what = outside ? " sees rows outside of the cache of " + std::to_string(capacity)
                                     : " sees no row of the cache";
    return Error(Status::out_of_range, "attention_decode: row " + std::to_string(refusal.index) + what, refusal.index);
  };
}

void spans_of_segments(const Segment* segments, const AttentionShape& shape, CacheSpan* spans, Stream& stream) {
  if (shape.segments == 0 && shape.rows > 0) {
    const std::string rows = std::to_string(shape.rows);
    throw Error(Status::out_of_range, "attention: there is no segment for the " + rows + " rows", -1);
  }
  if (shape.segments == 0) return;
  if (shape.segments > std::numeric_limits<int>::max()) {
    throw Error(Status::unsupported, "attention: a GPU takes less than 2^31 segments");
  }
  stream.fill_bytes(spans, 0, static_cast<size_t>(shape.rows) * sizeof(CacheSpan));
  RefusalWord* const refusals = stream.refusals(describe_segment(shape.rows));
  const int count = static_cast<int>(shape.segments);
  POPE_LAUNCH(spread_segments, stream.blocks(shape.segments * kThreads, kThreads), kThreads, 0, stream.handle(),
              segments, count, static_cast<int>(shape.rows), spans, refusals);
}

void trusted_spans(const CacheSpan* given, const DecodeShape& shape, CacheSpan* spans, Stream& stream) {
  if (shape.rows == 0) return;
  RefusalWord* const refusals = stream.refusals(describe_span(shape));
  POPE_LAUNCH(copy_spans, stream.blocks(shape.rows, kThreads), kThreads, 0, stream.handle(), given, shape.rows,
              shape.capacity, spans, refusals);
}

}  // namespace pope::cuda
