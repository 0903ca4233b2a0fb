#include "core/cpu.h"
#include "kernels/optimizer/adamw.h"
#include "kernels/optimizer/adamw.tiered.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 16384;  // elements

}  // namespace

// Per element in float, with the factors that all elements share formed in double.
void adamw(double squared_norm, std::span<const AdamwParameter<float>> parameters, int32_t* applied,
           const AdamwOptions& options, ThreadPool& pool) {
  *applied = std::isfinite(squared_norm) ? 1 : 0;
  if (!*applied) return;
  const auto rounded = [](double factor) { return static_cast<float>(factor); };
  const AdamwFactors factors = {
      .gradient = rounded(clipping_factor(squared_norm, options.max_norm)),
      .beta1 = rounded(options.beta1),
      .beta2 = rounded(options.beta2),
      .new1 = rounded(1 - options.beta1),
      .new2 = rounded(1 - options.beta2),
      .decay = rounded(1 - options.lr * options.weight_decay),
      .rate = rounded(options.sign * options.lr / (1 - std::pow(options.beta1, options.step))),
      .root_correction = rounded(1 / std::sqrt(1 - std::pow(options.beta2, options.step))),
      .eps = rounded(options.eps),
  };
  const auto kernel = POPE_ACTIVE_TIER(adamw_kernels).adamw;
  for (const AdamwParameter<float>& parameter : parameters) {
    pool.parallel_for(parameter.count, kGrain, [=, &factors](int64_t begin, int64_t end) {
      kernel(factors, parameter.gradient + begin, parameter.p + begin, parameter.m + begin, parameter.v + begin,
             end - begin);
    });
  }
}

}  // namespace pope
