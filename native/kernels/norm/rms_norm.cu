#include <cmath>

#include "kernels/column_sums.cuda.h"
#include "kernels/norm/norm.cuda.h"
#include "kernels/norm/row_loop.cuda.h"

namespace pope::cuda {

namespace {

template <int kThreads, int n, class T>
__global__ void __launch_bounds__(kThreads)
    rms_norm_kernel(const float* x, const float* weight, T* out, int64_t rows, int64_t width, float eps) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* const from = x + row * width;
    T* const to = out + row * width;
    const float squares = row_sum<kThreads, n>(width, [&](int64_t j) {
      Floats<n> v = load_floats<n>(from + j);
#pragma unroll
      for (int k = 0; k < n; ++k) v.at[k] *= v.at[k];
      return v;
    });
    const float scale = 1.0f / sqrtf(squares / static_cast<float>(width) + eps);
    for_columns<kThreads, n>(width, [&](int64_t j) {
      Floats<n> v = load_floats<n>(from + j);
      const Floats<n> w = load_floats<n>(weight + j);
#pragma unroll
      for (int k = 0; k < n; ++k) v.at[k] = v.at[k] * scale * w.at[k];
      store_floats<n>(to + j, v);
    });
  }
}

// scales[row] = 1 / sqrt(mean of squares + eps), for the gradient of the weight; may be nullptr. 1024 threads per
// multiprocessor are enough: left to itself ptxas spares registers until they do not suffice.
template <int kThreads, int n>
__global__ void __launch_bounds__(kThreads, 1024 / kThreads)
    rms_norm_backward_kernel(const float* x, const float* weight, const float* dy, float* dx, float* scales,
                             int64_t rows, int64_t width, float eps) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float *const from = x + row * width, *const gradient = dy + row * width;
    float squares = 0, dot = 0;
    for_columns<kThreads, n>(width, [&](int64_t j) {
      const Floats<n> v = load_floats<n>(from + j), g = load_floats<n>(gradient + j), w = load_floats<n>(weight + j);
#pragma unroll
      for (int k = 0; k < n; ++k) {
        squares += v.at[k] * v.at[k];
        dot += w.at[k] * g.at[k] * v.at[k];
      }
    });
    const float mean = block_sum<kThreads>(squares) / static_cast<float>(width), scale = 1.0f / sqrtf(mean + eps);
    const float slope = scale * scale * block_sum<kThreads>(dot) / static_cast<float>(width);
    if (scales && threadIdx.x == 0) scales[row] = scale;
    for_columns<kThreads, n>(width, [&](int64_t j) {
      const Floats<n> v = load_floats<n>(from + j), g = load_floats<n>(gradient + j), w = load_floats<n>(weight + j);
      Floats<n> d;
#pragma unroll
      for (int k = 0; k < n; ++k) d.at[k] = scale * (w.at[k] * g.at[k] - v.at[k] * slope);
      store_floats<n>(dx + row * width + j, d);
    });
  }
}

struct WeightGradient {
  const float *x, *dy, *scales;
  int64_t width;
  __device__ float operator()(int64_t i, int64_t j) const { return dy[i * width + j] * x[i * width + j] * scales[i]; }
};

}  // namespace

void rms_norm(const float* x, const float* weight, void* out, int32_t dtype, int64_t rows, int64_t width, double eps,
              Stream& stream) {
  if (rows == 0 || width == 0) return;
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    by_row(width, on_boundaries({x, weight, out}, {width}), [&](auto threads, auto floats) {
      constexpr int kThreads = decltype(threads)::value, n = decltype(floats)::value;
      POPE_LAUNCH((rms_norm_kernel<kThreads, n, T>), blocks_of_rows(rows), kThreads, 0, stream.handle(), x, weight,
                  static_cast<T*>(out), rows, width, static_cast<float>(eps));
    });
  });
}

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, int64_t rows,
                       int64_t width, double eps, Stream& stream) {
  if (rows == 0 || width == 0) return;
  const auto scales = stream.scratch<float>(dweight ? rows : 0);
  by_row(width, on_boundaries({x, weight, dy, dx}, {width}), [&](auto threads, auto floats) {
    constexpr int kThreads = decltype(threads)::value, n = decltype(floats)::value;
    POPE_LAUNCH((rms_norm_backward_kernel<kThreads, n>), blocks_of_rows(rows), kThreads, 0, stream.handle(), x, weight,
                dy, dx, dweight ? scales.data() : nullptr, rows, width, static_cast<float>(eps));
  });
  if (dweight) add_column_sums(dweight, rows, width, WeightGradient{x, dy, scales.data(), width}, stream);
}

}  // namespace pope::cuda
