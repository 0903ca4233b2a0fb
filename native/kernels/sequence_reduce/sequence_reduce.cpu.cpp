#include "kernels/sequence_reduce/sequence_reduce.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 64;  // responses per block: some thousand additions

}  // namespace

void sequence_reduce(const pope_sequence_reduce_args& args, ThreadPool& pool) {
  pool.parallel_for(args.responses, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t response = begin; response < end; ++response) {
      const int64_t first = args.offsets[response], last = args.offsets[response + 1];
      double sum = 0;
      for (int64_t token = first; token < last; ++token) sum += args.values[token];
      if (args.sums) args.sums[response] = sum;
      if (args.means) args.means[response] = last > first ? sum / static_cast<double>(last - first) : 0;
    }
  });
}

}  // namespace pope
