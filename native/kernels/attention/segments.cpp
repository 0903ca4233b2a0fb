#include <string>

#include "core/error.h"
#include "kernels/attention/attention.h"

namespace pope {

void check_segments(const Segment* segments, const AttentionShape& shape) {
  int64_t next = 0;
  const auto refuse = [](int64_t s, const std::string& what) {
    throw Error(Status::out_of_range, "attention: segment " + std::to_string(s) + " " + what, s);
  };
  for (int64_t s = 0; s < shape.segments; ++s) {
    const auto [start, end, prefix_start, prefix_end] = segments[s];
    if (start != next || end < start) {
      refuse(s, "must start at row " + std::to_string(next) +
                    ", where the one before ends, and not end before it: got " + std::to_string(start) + " to " +
                    std::to_string(end));
    }
    if (prefix_start < 0 || prefix_end < prefix_start || prefix_end > start) {
      refuse(s, "has a prefix that does not lie before it: rows " + std::to_string(prefix_start) + " to " +
                    std::to_string(prefix_end));
    }
    next = end;
  }
  if (next != shape.rows) {
    refuse(shape.segments - 1,
           "is the last and ends at row " + std::to_string(next) + " of " + std::to_string(shape.rows));
  }
}

}  // namespace pope
