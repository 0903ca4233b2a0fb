#include <algorithm>

#include "kernels/elementwise/dropout.h"
#include "kernels/random.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 8192;  // elements

}  // namespace

void dropout(const float* x, const int32_t* places, float* y, int64_t rows, int64_t width, const DropoutMask& mask,
             ThreadPool& pool) {
  const uint64_t key = fold(mask.seed, mask.stream);
  const float keep = mask.keep;
  pool.parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, width)), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int32_t* place = places + 3 * r;
      const auto first = static_cast<uint32_t>(place[0]), second = static_cast<uint32_t>(place[1]),
                 third = static_cast<uint32_t>(place[2]);
      for (int64_t j = 0; j < width; j += 4) {
        const auto words = philox({static_cast<uint32_t>(j / 4), first, second, third}, key);
        const int64_t count = std::min<int64_t>(4, width - j), i = r * width + j;
        for (int64_t k = 0; k < count; ++k) y[i + k] = uniform(words[k]) < keep ? x[i + k] / keep : 0.0f;
      }
    }
  });
}

}  // namespace pope
