#include <cmath>

#include "cuda/floats.h"
#include "kernels/optimizer/blocks.cuda.h"
#include "kernels/optimizer/optimizer.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

// What all elements share, formed in double on the host.
struct Factors {
  float beta1, new1, beta2, new2, decay, rate, root_correction, eps;
  double max_norm;
};

template <int n>
__device__ inline void update(const AdamwParameter<float>& to, int64_t i, const Factors& f, float clip) {
  const Floats<n> gradient = load_floats<n>(to.gradient + i);
  Floats<n> p = load_floats<n>(to.p + i), m = load_floats<n>(to.m + i), v = load_floats<n>(to.v + i);
#pragma unroll
  for (int k = 0; k < n; ++k) {
    const float g = clip * gradient.at[k];
    m.at[k] = f.beta1 * m.at[k] + f.new1 * g;
    v.at[k] = f.beta2 * v.at[k] + f.new2 * g * g;
    p.at[k] = f.decay * p.at[k] + f.rate * m.at[k] / (sqrtf(v.at[k]) * f.root_correction + f.eps);
  }
  store_floats<n>(to.p + i, p);
  store_floats<n>(to.m + i, m);
  store_floats<n>(to.v + i, v);
}

template <int n>
__global__ void __launch_bounds__(kThreads)
    adamw_kernel(const ListedArrays<AdamwParameter<float>>* list, int length, const double* squared_norm,
                 Factors factors) {
  if (!isfinite(*squared_norm)) return;
  const auto clip = static_cast<float>(clipping_factor(*squared_norm, factors.max_norm));
  const auto [parameter, begin, end] = block_of_arrays(list, length);
  const int64_t whole = (end - begin) / n * n;
  for (int64_t i = threadIdx.x * n; i < whole; i += kThreads * n) update<n>(parameter, begin + i, factors, clip);
  const int64_t rest = begin + whole + threadIdx.x;
  if (n > 1 && rest < end) update<1>(parameter, rest, factors, clip);
}

__global__ void report_applied(const double* squared_norm, int32_t* applied) { *applied = isfinite(*squared_norm); }

}  // namespace

void adamw(const double* squared_norm, std::span<const AdamwParameter<float>> parameters, int32_t* applied,
           const AdamwOptions& options, Stream& stream) {
  POPE_LAUNCH(report_applied, 1, 1, 0, stream.handle(), squared_norm, applied);
  const ArrayList<AdamwParameter<float>> list(parameters, stream);
  if (list.blocks() == 0) return;
  const Factors factors{.beta1 = static_cast<float>(options.beta1),
                        .new1 = static_cast<float>(1 - options.beta1),
                        .beta2 = static_cast<float>(options.beta2),
                        .new2 = static_cast<float>(1 - options.beta2),
                        .decay = static_cast<float>(1 - options.lr * options.weight_decay),
                        .rate = static_cast<float>(options.sign * options.lr / (1 - std::pow(options.beta1, options.step))),
                        .root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, options.step))),
                        .eps = static_cast<float>(options.eps),
                        .max_norm = options.max_norm};
  bool wide = true;
  for (const auto& [gradient, p, m, v, count] : parameters) wide = wide && on_boundaries({gradient, p, m, v});
  by_width(wide, [&](auto width) {
    POPE_LAUNCH((adamw_kernel<decltype(width)::value>), static_cast<unsigned>(list.blocks()), kThreads, 0,
                stream.handle(), list.data(), list.length(), squared_norm, factors);
  });
}

}  // namespace pope::cuda
