#pragma once

#include "kernels/elementwise/dropout.h"
#include "kernels/random.h"

namespace pope::reference {

template <class T>
void dropout(const T* x, const int32_t* places, T* y, int64_t rows, int64_t width, const DropoutMask& mask) {
  for (int64_t r = 0; r < rows; ++r) {
    const int32_t* place = places + 3 * r;
    for (int64_t j = 0; j < width; ++j) {
      const auto words = philox({static_cast<uint32_t>(j / 4), static_cast<uint32_t>(place[0]),
                                 static_cast<uint32_t>(place[1]), static_cast<uint32_t>(place[2])},
                                fold(mask.seed, mask.stream));
      const int64_t i = r * width + j;
      y[i] = uniform(words[j % 4]) < mask.keep ? x[i] / T(mask.keep) : T(0);
    }
  }
}

}  // namespace pope::reference
