#include "kernels/decode/advance.h"

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/decode/advance.reference.h"
#else
#include "kernels/decode/advance.cuda.h"
#endif

namespace pope {

Work prepare_advance(const OpCall& call) {
  const int64_t first = call.size(0), count = call.size(1), rows = call.size(2);
  const int64_t stop_count = call.size(3), steps = call.size(4);
  if (first + count > rows) {
    call.fail(Status::shape, "rows " + std::to_string(first) + " to " + std::to_string(first + count) +
                                 " are not among " + std::to_string(rows));
  }
  if (steps == 0) call.fail(Status::invalid_argument, "the history needs at least one step");
  const int64_t places = checked_product({steps, rows});
  const Advance<Scalar> advance{
      .first = first,
      .count = count,
      .rows = rows,
      .stop_count = stop_count,
      .steps = steps,
      .drawn = call.input<int32_t>(0, count),
      .log_probs = call.input<Scalar>(1, count),
      .stops = call.input<int32_t>(2, stop_count),
      .ids = call.output<int32_t>(0, rows),
      .positions = call.output<int32_t>(1, rows),
      .table_rows = call.optional_output<int32_t>(2, rows),
      .cache_rows = call.output<int32_t>(3, rows),
      .spans = reinterpret_cast<CacheSpan*>(call.output<int32_t>(4, checked_product({rows, 4}))),
      .counters = reinterpret_cast<SampleCounter*>(call.output<int32_t>(5, checked_product({count, 3}))),
      .left = call.output<int32_t>(6, rows),
      .history_ids = call.output<int32_t>(7, places),
      .history_log_probs = call.output<Scalar>(8, places),
  };
  const auto on_cpu = [=](ThreadPool&) {
#ifdef POPE_REFERENCE
    reference::advance(advance);
#else
    for (int64_t i = 0; i < advance.count; ++i) advance.row(i);
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::advance(advance, stream); })};
}

}  // namespace pope
