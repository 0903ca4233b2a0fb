#include "kernels/rope/rope.cuda.h"

#include <cmath>

#include "cuda/report.h"
#include "kernels/elementwise/rows.cuda.h"

namespace pope::cuda {

namespace {

// The columns of a row here are, head by head, `half` pairs and then what is copied.
struct Rotate {
  const float* x;
  const int32_t* positions;
  const float *cos, *sin;
  float sign;  // -1 rotates by the negative angle
  float* out;
  RopeShape shape;
  RefusalWord* refusals;

  __device__ bool is_position(int32_t position) const { return position >= 0 && position < shape.table; }
  __device__ void check(int64_t row) const {
    if (!is_position(positions[row])) report_number(refusals, row, positions[row]);
  }

  template <int n>
  __device__ void at(int64_t row, int64_t column) const {
    if (column == 0) check(row);
    const int head = static_cast<int>(shape.head), half = static_cast<int>(shape.rotary / 2), items = head - half;
    const int64_t h = column / items;
    const int item = static_cast<int>(column % items);
    const int64_t first = (row * shape.heads + h) * head;
    const int32_t position = positions[row];
    const bool valid = is_position(position);
    if (item < half) {
      rotate<n>(first + item, half, valid ? int64_t{position} * half + item : -1);
    } else {
      const int64_t i = first + half + item;
      store_floats<n>(out + i, valid ? load_floats<n>(x + i) : not_a_number<n>());
    }
  }

 private:
  template <int n>
  __device__ void rotate(int64_t i, int half, int64_t angle) const {
    Floats<n> a = not_a_number<n>(), b = a;
    if (angle >= 0) {
      const Floats<n> u = load_floats<n>(x + i), v = load_floats<n>(x + i + half);
      const Floats<n> c = load_floats<n>(cos + angle), s = load_floats<n>(sin + angle);
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const float sine = sign * s.at[k];
        a.at[k] = u.at[k] * c.at[k] - v.at[k] * sine;
        b.at[k] = v.at[k] * c.at[k] + u.at[k] * sine;
      }
    }
    store_floats<n>(out + i, a);
    store_floats<n>(out + i + half, b);
  }

  template <int n>
  __device__ static Floats<n> not_a_number() {
    Floats<n> values;
#pragma unroll
    for (int k = 0; k < n; ++k) values.at[k] = NAN;
    return values;
  }
};

void rotate(const char* op, const float* x, const int32_t* positions, const float* cos, const float* sin, float sign,
            float* out, const RopeShape& shape, Stream& stream) {
  require_places(op, shape.rows);
  RefusalWord* const refusals = stream.refusals([=](const Refusal& refusal) {
    const FoundNumber found(refusal);
    return bad_position(op, found.number, found.place, shape.table);
  });
  const int64_t half = shape.rotary / 2, items = shape.heads * (shape.head - half);
  const bool wide = on_boundaries({x, cos, sin, out}, {half, shape.head});
  for_checked_rows(shape.rows, items, wide, Rotate{x, positions, cos, sin, sign, out, shape, refusals}, stream);
}

}  // namespace

void rope(const float* x, const int32_t* positions, const float* cos, const float* sin, float* out,
          const RopeShape& shape, Stream& stream) {
  rotate("rope", x, positions, cos, sin, 1.0f, out, shape, stream);
}

void rope_backward(const float* dy, const int32_t* positions, const float* cos, const float* sin, float* dx,
                   const RopeShape& shape, Stream& stream) {
  rotate("rope_backward", dy, positions, cos, sin, -1.0f, dx, shape, stream);
}

}  // namespace pope::cuda
