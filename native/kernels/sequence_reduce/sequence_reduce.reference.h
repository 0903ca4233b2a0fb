// Each token goes to the response that its offsets name; in long double, rounded once.
#pragma once

#include <vector>

#include "pope.h"

namespace pope::reference {

inline void sequence_reduce(const pope_sequence_reduce_args& args) {
  std::vector<long double> sums(args.responses), counts(args.responses);
  for (int64_t token = 0; token < args.values_count; ++token) {
    for (int64_t response = 0; response < args.responses; ++response) {
      if (token < args.offsets[response] || token >= args.offsets[response + 1]) continue;
      sums[response] += args.values[token];
      counts[response] += 1;
    }
  }
  for (int64_t response = 0; response < args.responses; ++response) {
    const long double mean = counts[response] ? sums[response] / counts[response] : 0;
    if (args.sums) args.sums[response] = static_cast<double>(sums[response]);
    if (args.means) args.means[response] = static_cast<double>(mean);
  }
}

}  // namespace pope::reference
