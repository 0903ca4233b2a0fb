#pragma once

#include <cstdint>

#include "core/error.h"
#include "kernels/rope/rope.h"

namespace pope::reference {

template <class T>
void rope(const T* x, const int32_t* positions, const T* cos, const T* sin, T* out, const RopeShape& shape) {
  const int64_t half = shape.rotary / 2;
  for (int64_t i = 0; i < shape.rows * shape.heads; ++i) {
    const int64_t row = i / shape.heads, position = positions[row];
    if (position < 0 || position >= shape.table) {
      throw Error(Status::out_of_range, "rope: position outside the table", row);
    }
    const T* from = x + i * shape.head;
    T* to = out + i * shape.head;
    for (int64_t j = 0; j < shape.head; ++j) {
      const int64_t angle = position * half + j % (half ? half : 1);
      if (j < half) {
        to[j] = from[j] * cos[angle] - from[j + half] * sin[angle];
      } else if (j < shape.rotary) {
        to[j] = from[j] * cos[angle] + from[j - half] * sin[angle];
      } else {
        to[j] = from[j];
      }
    }
  }
}

// Each element of x goes to at most two of y = rope(x); their gradients come back with the same factors.
template <class T>
void rope_backward(const T* dy, const int32_t* positions, const T* cos, const T* sin, T* dx, const RopeShape& shape) {
  const int64_t half = shape.rotary / 2;
  for (int64_t i = 0; i < shape.rows * shape.heads; ++i) {
    const int64_t row = i / shape.heads, position = positions[row];
    if (position < 0 || position >= shape.table) {
      throw Error(Status::out_of_range, "rope_backward: position outside the table", row);
    }
    const T* from = dy + i * shape.head;
    T* to = dx + i * shape.head;
    for (int64_t j = 0; j < shape.head; ++j) to[j] = j < shape.rotary ? T(0) : from[j];
    for (int64_t j = 0; j < half; ++j) {
      const T c = cos[position * half + j], s = sin[position * half + j];
      to[j] += from[j] * c;
      to[j + half] -= from[j] * s;
      to[j + half] += from[j + half] * c;
      to[j] += from[j + half] * s;
    }
  }
}

}  // namespace pope::reference
