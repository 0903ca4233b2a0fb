#include <cmath>

#include "kernels/column_sums.cuda.h"
#include "kernels/norm/norm.cuda.h"
#include "kernels/norm/row_loop.cuda.h"

namespace pope::cuda {

namespace {

// The mean as the sum of one element of the row and a small number: under a large mean one float would not do.
struct Moments {
  float origin, mean, scale;  // scale = 1 / sqrt(variance + eps)

  __device__ float centred(float x) const { return (x - origin) - mean; }
  __device__ float normal(float x) const { return centred(x) * scale; }
};

// In two passes, in every thread.
template <int kThreads, int n>
__device__ inline Moments moments_of(const float* row, int64_t width, float eps) {
  const auto count = static_cast<float>(width);
  Moments moments{row[0], 0, 1};
  const float offsets = row_sum<kThreads, n>(width, [&](int64_t j) {
    Floats<n> v = load_floats<n>(row + j);
#pragma unroll
    for (int k = 0; k < n; ++k) v.at[k] -= moments.origin;
    return v;
  });
  moments.mean = offsets / count;
  const float squares = row_sum<kThreads, n>(width, [&](int64_t j) {
    Floats<n> v = load_floats<n>(row + j);
#pragma unroll
    for (int k = 0; k < n; ++k) v.at[k] = moments.centred(v.at[k]) * moments.centred(v.at[k]);
    return v;
  });
  moments.scale = 1.0f / sqrtf(squares / count + eps);
  return moments;
}

template <int kThreads, int n, class T>
__global__ void __launch_bounds__(kThreads)
    layer_norm_kernel(const float* x, const float* weight, const float* bias, T* out, int64_t rows, int64_t width,
                      float eps) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* const from = x + row * width;
    const Moments moments = moments_of<kThreads, n>(from, width, eps);
    for_columns<kThreads, n>(width, [&](int64_t j) {
      Floats<n> v = load_floats<n>(from + j);
      const Floats<n> w = load_floats<n>(weight + j), b = load_floats<n>(bias + j);
#pragma unroll
      for (int k = 0; k < n; ++k) v.at[k] = moments.normal(v.at[k]) * w.at[k] + b.at[k];
      store_floats<n>(out + row * width + j, v);
    });
  }
}

// moments[row] for the gradient of the weight; may be nullptr.
template <int kThreads, int n>
__global__ void __launch_bounds__(kThreads)
    layer_norm_backward_kernel(const float* x, const float* weight, const float* dy, float* dx, Moments* moments,
                               int64_t rows, int64_t width, float eps) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float *const from = x + row * width, *const gradient = dy + row * width;
    const Moments own = moments_of<kThreads, n>(from, width, eps);
    if (moments && threadIdx.x == 0) moments[row] = own;
    float sum_g = 0, sum_gn = 0;
    for_columns<kThreads, n>(width, [&](int64_t j) {
      const Floats<n> v = load_floats<n>(from + j), w = load_floats<n>(weight + j), d = load_floats<n>(gradient + j);
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const float g = w.at[k] * d.at[k];
        sum_g += g;
        sum_gn += g * own.normal(v.at[k]);
      }
    });
    const auto count = static_cast<float>(width);
    const float mean_g = block_sum<kThreads>(sum_g) / count, mean_gn = block_sum<kThreads>(sum_gn) / count;
    for_columns<kThreads, n>(width, [&](int64_t j) {
      const Floats<n> v = load_floats<n>(from + j), w = load_floats<n>(weight + j);
      Floats<n> d = load_floats<n>(gradient + j);
#pragma unroll
      for (int k = 0; k < n; ++k) {
        d.at[k] = own.scale * (w.at[k] * d.at[k] - mean_g - own.normal(v.at[k]) * mean_gn);
      }
      store_floats<n>(dx + row * width + j, d);
    });
  }
}

struct WeightGradient {
  const float *x, *dy;
  const Moments* moments;
  int64_t width;
  __device__ float operator()(int64_t i, int64_t j) const {
    return dy[i * width + j] * moments[i].normal(x[i * width + j]);
  }
};

}  // namespace

void layer_norm(const float* x, const float* weight, const float* bias, void* out, int32_t dtype, int64_t rows,
                int64_t width, double eps, Stream& stream) {
  if (rows == 0 || width == 0) return;
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    by_row(width, on_boundaries({x, weight, bias, out}, {width}), [&](auto threads, auto floats) {
      constexpr int kThreads = decltype(threads)::value, n = decltype(floats)::value;
      POPE_LAUNCH((layer_norm_kernel<kThreads, n, T>), blocks_of_rows(rows), kThreads, 0, stream.handle(), x, weight,
                  bias, static_cast<T*>(out), rows, width, static_cast<float>(eps));
    });
  });
}

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, float* dweight, float* dbias,
                         int64_t rows, int64_t width, double eps, Stream& stream) {
  if (rows == 0 || width == 0) return;
  const auto moments = stream.scratch<Moments>(dweight ? rows : 0);
  by_row(width, on_boundaries({x, weight, dy, dx}, {width}), [&](auto threads, auto floats) {
    constexpr int kThreads = decltype(threads)::value, n = decltype(floats)::value;
    POPE_LAUNCH((layer_norm_backward_kernel<kThreads, n>), blocks_of_rows(rows), kThreads, 0, stream.handle(), x,
                weight, dy, dx, dweight ? moments.data() : nullptr, rows, width, static_cast<float>(eps));
  });
  if (dweight) add_column_sums(dweight, rows, width, WeightGradient{x, dy, moments.data(), width}, stream);
  if (dbias) add_column_sums(dbias, rows, width, MatrixElement{dy, width}, stream);
}

}  // namespace pope::cuda
