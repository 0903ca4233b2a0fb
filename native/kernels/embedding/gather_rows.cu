#include "kernels/embedding/gather_rows.cuda.h"

#include <cmath>

#include "cuda/report.h"
#include "kernels/elementwise/rows.cuda.h"
#include "kernels/embedding/gather_rows.h"

namespace pope::cuda {

namespace {

template <class T>
struct Gather {
  const T* x;
  const int32_t* index;
  float* out;
  int64_t rows, width;
  RefusalWord* refusals;

  __device__ bool is_row(int32_t row) const { return row >= 0 && row < rows; }
  __device__ void check(int64_t i) const {
    if (!is_row(index[i])) report_number(refusals, i, index[i]);
  }

  template <int n>
  __device__ void at(int64_t i, int64_t j) const {
    if (j == 0) check(i);
    const int32_t row = index[i];
    Floats<n> values;
    if (is_row(row)) {
      values = load_floats<n>(x + row * width + j);
    } else {
#pragma unroll
      for (int k = 0; k < n; ++k) values.at[k] = NAN;
    }
    store_floats<n>(out + i * width + j, values);
  }
};

}  // namespace

DescribeRefusal describe_index(const char* op, int64_t rows) {
  return [=](const Refusal& refusal) {
    const FoundNumber found(refusal);
    return bad_index(op, found.number, found.place, rows);
  };
}

void gather_rows(const char* op, const void* x, int32_t dtype, const int32_t* index, float* out, int64_t rows,
                 int64_t width, int64_t count, Stream& stream) {
  require_places(op, count);
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    RefusalWord* const refusals = stream.refusals(describe_index(op, rows));
    const Gather<T> gather{static_cast<const T*>(x), index, out, rows, width, refusals};
    for_checked_rows(count, width, on_boundaries({x, out}, {width}), gather, stream);
  });
}

}  // namespace pope::cuda
