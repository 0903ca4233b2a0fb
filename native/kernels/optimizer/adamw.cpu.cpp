#include "kernels/optimizer/adamw.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 16384;  // elements

}  // namespace

// Per element in float, with the factors that all elements share formed in double.
void adamw(double squared_norm, std::span<const AdamwParameter<float>> parameters, int32_t* applied,
           const AdamwOptions& options, ThreadPool& pool) {
  *applied = std::isfinite(squared_norm) ? 1 : 0;
  if (!*applied) return;
  const auto beta1 = static_cast<float>(options.beta1), beta2 = static_cast<float>(options.beta2);
  const auto new1 = static_cast<float>(1 - options.beta1), new2 = static_cast<float>(1 - options.beta2);
  const auto factor = static_cast<float>(clipping_factor(squared_norm, options.max_norm));
  const auto decay = static_cast<float>(1 - options.lr * options.weight_decay);
  const auto rate = static_cast<float>(options.sign * options.lr / (1 - std::pow(options.beta1, options.step)));
  const auto root_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options.beta2, options.step)));
  const auto eps = static_cast<float>(options.eps);
  for (const AdamwParameter<float>& parameter : parameters) {
    pool.parallel_for(parameter.count, kGrain, [=](int64_t begin, int64_t end) {
      const auto [gradient, p, m, v, count] = parameter;
      for (int64_t i = begin; i < end; ++i) {
        const float g = factor * gradient[i];
        m[i] = beta1 * m[i] + new1 * g;
        v[i] = beta2 * v[i] + new2 * g * g;
        p[i] = decay * p[i] + rate * m[i] / (std::sqrt(v[i]) * root_correction + eps);
      }
    });
  }
}

}  // namespace pope
