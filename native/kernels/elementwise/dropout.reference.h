#pragma once

#include "kernels/elementwise/dropout.h"
#include "kernels/random.h"

namespace pope::reference {

template <class T>
void dropout(const T* x, T* y, int64_t n, const DropoutMask& mask) {
  for (int64_t i = 0; i < n; ++i) {
    const auto group = static_cast<uint64_t>(i / 4);
    const auto words = philox({static_cast<uint32_t>(group), static_cast<uint32_t>(group >> 32),
                               static_cast<uint32_t>(mask.stream), static_cast<uint32_t>(mask.stream >> 32)},
                              mask.seed);
    y[i] = uniform(words[i % 4]) < mask.keep ? x[i] / T(mask.keep) : T(0);
  }
}

}  // namespace pope::reference
