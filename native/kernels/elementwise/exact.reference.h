// Arrays of any float dtype as the references read and write them: f32 stands for T, 16-bit patterns are decoded exactly
// and rounded once.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/elementwise/cast.reference.h"
#include "kernels/elementwise/narrow.reference.h"
#include "pope.h"

namespace pope::reference {

template <class T>
std::vector<T> exact(const void* values, int32_t dtype, int64_t count) {
  if (dtype == POPE_F32) return {static_cast<const T*>(values), static_cast<const T*>(values) + count};
  std::vector<T> numbers(static_cast<size_t>(count));
  const auto bits = static_cast<const uint16_t*>(values);
  dtype == POPE_F16 ? cast_f16(bits, numbers.data(), count) : cast_bf16(bits, numbers.data(), count);
  return numbers;
}

template <class T>
void round_to(void* values, int32_t dtype, const std::vector<T>& numbers) {
  if (dtype == POPE_F32) {
    std::copy(numbers.begin(), numbers.end(), static_cast<T*>(values));
  } else {
    std::transform(numbers.begin(), numbers.end(), static_cast<uint16_t*>(values),
                   dtype == POPE_F16 ? narrow_f16 : narrow_bf16);
  }
}

}  // namespace pope::reference
