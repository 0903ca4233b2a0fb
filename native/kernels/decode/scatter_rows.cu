#include "kernels/decode/scatter_rows.cuda.h"

#include "cuda/report.h"
#include "kernels/elementwise/rows.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

// newest[row] = how many rows of x follow the last one that goes to that row; all ones at first.
__global__ void __launch_bounds__(kThreads)
    find_newest(const int32_t* index, ScatterShape shape, uint32_t* newest, RefusalWord* refusals) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= shape.rows) return;
  const int32_t row = index[i];
  if (row >= 0 && row < shape.capacity) {
    atomicMin(newest + row, static_cast<uint32_t>(shape.rows - 1 - i));
  } else {
    report_number(refusals, i, row);
  }
}

template <class T>
struct Scatter {
  const float* x;
  const int32_t* index;
  T* dst;
  ScatterShape shape;
  const uint32_t* newest;

  template <int n>
  __device__ void at(int64_t i, int64_t j) const {
    const int32_t row = index[i];
    if (row < 0 || row >= shape.capacity || newest[row] != shape.rows - 1 - i) return;
    store_floats<n>(dst + row * shape.width + j, load_floats<n>(x + i * shape.width + j));
  }
};

}  // namespace

void scatter_rows(const float* x, const int32_t* index, void* dst, int32_t dtype, const ScatterShape& shape,
                  Stream& stream) {
  require_places("scatter_rows", shape.rows);
  if (shape.rows == 0) return;
  const auto newest = stream.scratch<uint32_t>(shape.capacity);
  stream.fill_bytes(newest.data(), 0xff, static_cast<size_t>(shape.capacity) * sizeof(uint32_t));
  RefusalWord* const refusals = stream.refusals([capacity = shape.capacity](const Refusal& refusal) {
    const FoundNumber found(refusal);
    return bad_scatter_index(found.number, found.place, capacity);
  });
  const auto blocks = static_cast<unsigned>((shape.rows + kThreads - 1) / kThreads);
  POPE_LAUNCH(find_newest, blocks, kThreads, 0, stream.handle(), index, shape, newest.data(), refusals);
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    const Scatter<T> scatter{x, index, static_cast<T*>(dst), shape, newest.data()};
    for_rows(shape.rows, shape.width, on_boundaries({x, dst}, {shape.width}), scatter, stream);
  });
}

}  // namespace pope::cuda
