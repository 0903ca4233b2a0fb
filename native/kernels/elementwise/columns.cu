#include "kernels/elementwise/columns.cuda.h"

#include "kernels/elementwise/rows.cuda.h"

namespace pope::cuda {

namespace {

// The part [rows, count] of a matrix [rows, width], from the column `start` on.
struct Part {
  const float* from;
  float* to;
  int64_t width, start, count;
};

struct TakePart {
  Part part;
  template <int n>
  __device__ void at(int64_t row, int64_t j) const {
    store_floats<n>(part.to + row * part.count + j, load_floats<n>(part.from + row * part.width + part.start + j));
  }
};

struct AddPart {
  Part part;
  template <int n>
  __device__ void at(int64_t row, int64_t j) const {
    float* const to = part.to + row * part.width + part.start + j;
    const Floats<n> more = load_floats<n>(part.from + row * part.count + j);
    Floats<n> sum = load_floats<n>(to);
#pragma unroll
    for (int i = 0; i < n; ++i) sum.at[i] += more.at[i];
    store_floats<n>(to, sum);
  }
};

bool wide(const Part& part) { return on_boundaries({part.from, part.to}, {part.width, part.start, part.count}); }

}  // namespace

void columns(const float* x, float* out, int64_t rows, int64_t width, int64_t start, int64_t count, Stream& stream) {
  const Part part{x, out, width, start, count};
  for_rows(rows, count, wide(part), TakePart{part}, stream);
}

void columns_backward(const float* dy, float* dx, int64_t rows, int64_t width, int64_t start, int64_t count,
                      Stream& stream) {
  const Part part{dy, dx, width, start, count};
  for_rows(rows, count, wide(part), AddPart{part}, stream);
}

}  // namespace pope::cuda
