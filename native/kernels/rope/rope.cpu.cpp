#include "kernels/rope/rope.h"

#include <algorithm>

namespace pope {

namespace {

constexpr int64_t kGrain = 16;  // rows

// sign -1 rotates by the negative angle.
void rotate(const char* op, const float* x, const int32_t* positions, const float* cos, const float* sin, float sign,
            float* out, const RopeShape& shape, ThreadPool& pool) {
  const int64_t heads = shape.heads, head = shape.head, rotary = shape.rotary, table = shape.table, half = rotary / 2;
  pool.parallel_for(shape.rows, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t position = positions[row];
      if (position < 0 || position >= table) throw bad_position(op, position, row, table);
      const float* c = cos + position * half;
      const float* s = sin + position * half;
      for (int64_t h = row * heads; h < (row + 1) * heads; ++h) {
        const float* from = x + h * head;
        float* to = out + h * head;
        for (int64_t i = 0; i < half; ++i) {
          const float first = from[i], second = from[i + half], sine = sign * s[i];
          to[i] = first * c[i] - second * sine;
          to[i + half] = second * c[i] + first * sine;
        }
        std::copy(from + rotary, from + head, to + rotary);
      }
    }
  });
}

}  // namespace

void rope(const float* x, const int32_t* positions, const float* cos, const float* sin, float* out,
          const RopeShape& shape, ThreadPool& pool) {
  rotate("rope", x, positions, cos, sin, 1.0f, out, shape, pool);
}

void rope_backward(const float* dy, const int32_t* positions, const float* cos, const float* sin, float* dx,
                   const RopeShape& shape, ThreadPool& pool) {
  rotate("rope_backward", dy, positions, cos, sin, -1.0f, dx, shape, pool);
}

}  // namespace pope
