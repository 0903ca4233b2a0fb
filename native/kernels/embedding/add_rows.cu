#include "kernels/embedding/add_rows.cuda.h"

#include "cuda/report.h"
#include "kernels/elementwise/rows.cuda.h"
#include "kernels/embedding/gather_rows.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

// order[rank of i] = i
__global__ void __launch_bounds__(kThreads)
    rank_positions(const int32_t* index, int64_t count, int64_t rows, int32_t* order, RefusalWord* refusals) {
  POPE_SHARED(int32_t, others, kThreads);
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int32_t own = i < count ? index[i] : 0;
  if (i < count && (own < 0 || own >= rows)) report_number(refusals, i, own);
  int32_t rank = 0;
  for (int64_t first = 0; first < count; first += kThreads) {
    const int64_t mine = first + threadIdx.x;
    others[threadIdx.x] = mine < count ? index[mine] : 0;
    __syncthreads();
    const int64_t left = count - first;
    const int others_count = static_cast<int>(left < kThreads ? left : kThreads);
    const int64_t before = i - first;  // others[j] with j < before come first among equals
    for (int j = 0; j < others_count; ++j) rank += others[j] < own || (others[j] == own && j < before);
    __syncthreads();
  }
  if (i < count) order[rank] = static_cast<int32_t>(i);
}

// `row` here is a place in the order; the first place of a segment adds up the segment.
struct AddSegment {
  const float* dy;
  const int32_t *index, *order;
  float* x;
  int64_t rows, width, count;

  template <int n>
  __device__ void at(int64_t first, int64_t j) const {
    const int32_t row = index[order[first]];
    if (row < 0 || row >= rows || (first > 0 && index[order[first - 1]] == row)) return;
    Floats<n> sum{};
    for (int64_t place = first; place < count; ++place) {
      const int32_t position = order[place];
      if (index[position] != row) break;
      const Floats<n> more = load_floats<n>(dy + position * width + j);
#pragma unroll
      for (int k = 0; k < n; ++k) sum.at[k] += more.at[k];
    }
    float* const to = x + row * width + j;
    Floats<n> total = load_floats<n>(to);
#pragma unroll
    for (int k = 0; k < n; ++k) total.at[k] += sum.at[k];
    store_floats<n>(to, total);
  }
};

}  // namespace

void add_rows(const char* op, const float* dy, const int32_t* index, float* x, int64_t rows, int64_t width,
              int64_t count, Stream& stream) {
  require_places(op, count);
  if (count == 0) return;
  const auto order = stream.scratch<int32_t>(count);
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  POPE_LAUNCH(rank_positions, blocks, kThreads, 0, stream.handle(), index, count, rows, order.data(),
              stream.refusals(describe_index(op, rows)));
  const AddSegment add{dy, index, order.data(), x, rows, width, count};
  for_rows(count, width, on_boundaries({dy, x}, {width}), add, stream);
}

}  // namespace pope::cuda
