#include <string>

#include "core/error.h"
#include "kernels/decode/attention_decode.h"

namespace pope {

void check_cache_spans(const CacheSpan* spans, const DecodeShape& shape) {
  for (int64_t r = 0; r < shape.rows; ++r) {
    const auto [prefix_start, prefix_end, own_start, own_end] = spans[r];
    const auto inside = [&](int32_t start, int32_t end) { return start >= 0 && start <= end && end <= shape.capacity; };
    const auto range = [](int32_t start, int32_t end) { return std::to_string(start) + " to " + std::to_string(end); };
    if (!inside(prefix_start, prefix_end) || !inside(own_start, own_end)) {
      throw Error(Status::out_of_range,
                  "attention_decode: row " + std::to_string(r) + " sees the rows " + range(prefix_start, prefix_end) +
                      " and " + range(own_start, own_end) + " of a cache of " + std::to_string(shape.capacity),
                  r);
    }
    if (prefix_start == prefix_end && own_start == own_end) {
      throw Error(Status::out_of_range, "attention_decode: row " + std::to_string(r) + " sees no row of the cache", r);
    }
  }
}

}  // namespace pope
