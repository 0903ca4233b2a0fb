#pragma once

#include "kernels/optimizer/squared_sum.h"

namespace pope::reference {

template <class T>
void squared_sum(std::span<const GradientPart<T>> parts, double* total) {
  for (const auto& [data, count] : parts) {
    for (int64_t i = 0; i < count; ++i) *total += static_cast<double>(data[i]) * static_cast<double>(data[i]);
  }
}

}  // namespace pope::reference
