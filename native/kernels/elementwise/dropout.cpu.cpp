#include "kernels/elementwise/dropout.h"

#include <algorithm>

#include "kernels/random.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8192;  // elements, a multiple of 4

}  // namespace

void dropout(const float* x, float* y, int64_t n, const DropoutMask& mask, ThreadPool& pool) {
  const auto stream_low = static_cast<uint32_t>(mask.stream), stream_high = static_cast<uint32_t>(mask.stream >> 32);
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += 4) {
      const auto group = static_cast<uint64_t>(i / 4);
      const auto words = philox(
          {static_cast<uint32_t>(group), static_cast<uint32_t>(group >> 32), stream_low, stream_high}, mask.seed);
      const int64_t count = std::min<int64_t>(4, end - i);
      for (int64_t j = 0; j < count; ++j) y[i + j] = uniform(words[j]) < mask.keep ? x[i + j] / mask.keep : 0.0f;
    }
  });
}

}  // namespace pope
