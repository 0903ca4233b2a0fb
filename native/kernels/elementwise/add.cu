#include "kernels/elementwise/add.cuda.h"

#include "kernels/elementwise/map.cuda.h"

namespace pope::cuda {

namespace {

struct Sum {
  __device__ void operator()(const float (&in)[2], float (&out)[1]) const { out[0] = in[0] + in[1]; }
};

struct ScaledSum {
  float scale;
  __device__ void operator()(const float (&in)[2], float (&out)[1]) const { out[0] = in[1] + scale * in[0]; }
};

__global__ void __launch_bounds__(kMapThreads) fill_kernel(float* y, int64_t n, float value) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kMapThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kMapThreads + threadIdx.x; i < n; i += step) y[i] = value;
}

}  // namespace

void add(const float* a, const float* b, float* out, int64_t n, Stream& stream) {
  map<2, 1>({{a, b}, {out}}, n, Sum{}, stream);
}

void fill(float* y, int64_t n, float value, Stream& stream) {
  if (n == 0) return;
  POPE_LAUNCH(fill_kernel, stream.blocks(n, kMapThreads), kMapThreads, 0, stream.handle(), y, n, value);
}

void accumulate(const float* x, float* y, int64_t n, float scale, Stream& stream) {
  map<2, 1>({{x, y}, {y}}, n, ScaledSum{scale}, stream);
}

}  // namespace pope::cuda
