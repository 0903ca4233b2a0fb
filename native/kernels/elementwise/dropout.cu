#include "kernels/elementwise/dropout.cuda.h"

#include "kernels/elementwise/rows.cuda.h"
#include "kernels/random.h"

namespace pope::cuda {

namespace {

// Four elements share a draw: `column` counts such groups, whatever lies on boundaries.
struct Drop {
  const float* x;
  const int32_t* places;
  float* y;
  int64_t width;
  uint64_t key;
  float keep;

  template <int n>
  __device__ void at(int64_t row, int64_t group) const {
    const int32_t* const place = places + 3 * row;
    const PhiloxWords words = philox({{static_cast<uint32_t>(group), static_cast<uint32_t>(place[0]),
                                       static_cast<uint32_t>(place[1]), static_cast<uint32_t>(place[2])}},
                                     key);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int64_t j = 4 * group + k, i = row * width + j;
      if (j < width) y[i] = uniform(words.word[k]) < keep ? x[i] / keep : 0.0f;
    }
  }
};

}  // namespace

void dropout(const float* x, const int32_t* places, float* y, int64_t rows, int64_t width, const DropoutMask& mask,
             Stream& stream) {
  const Drop drop{x, places, y, width, fold(mask.seed, mask.stream), mask.keep};
  for_rows(rows, (width + 3) / 4, false, drop, stream);
}

}  // namespace pope::cuda
