#include <cmath>
#include <vector>

#include "kernels/op.h"
#include "kernels/optimizer/adamw.h"
#include "kernels/optimizer/squared_sum.h"

#ifdef POPE_REFERENCE
#include "kernels/optimizer/adamw.reference.h"
#include "kernels/optimizer/squared_sum.reference.h"
#else
#include "kernels/optimizer/optimizer.cuda.h"
#endif

namespace pope {

Work prepare_squared_sum(const OpCall& call) {
  std::vector<GradientPart<Scalar>> parts;
  for (size_t i = 0; i < call.dim_count(); ++i) parts.push_back({call.input<Scalar>(i, call.size(i)), call.size(i)});
  double* total = call.output<double>(0, 1);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::squared_sum<Scalar>(parts, total); };
#else
  return {[=](ThreadPool& pool) { squared_sum(parts, total, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::squared_sum(parts, total, stream); })};
#endif
}

Work prepare_adamw(const OpCall& call) {
  const AdamwOptions options{.lr = call.scalar(0),
                             .beta1 = call.scalar(1),
                             .beta2 = call.scalar(2),
                             .eps = call.scalar(3),
                             .weight_decay = call.scalar(4),
                             .step = call.scalar(5),
                             .max_norm = call.scalar(6),
                             .sign = call.scalar(7)};
  const auto require = [&call](bool fits, const char* what, double value) {
    if (!fits) call.fail(Status::invalid_argument, std::string(what) + ", not " + std::to_string(value));
  };
  require(options.lr >= 0 && std::isfinite(options.lr), "lr must be finite and >= 0", options.lr);
  require(options.beta1 >= 0 && options.beta1 < 1, "beta1 must be in [0, 1)", options.beta1);
  require(options.beta2 >= 0 && options.beta2 < 1, "beta2 must be in [0, 1)", options.beta2);
  require(options.eps >= 0 && std::isfinite(options.eps), "eps must be finite and >= 0", options.eps);
  require(std::isfinite(options.weight_decay), "weight_decay must be finite", options.weight_decay);
  require(options.step >= 1 && std::isfinite(options.step), "step must be 1 or more", options.step);
  require(options.max_norm >= 0, "max_norm must be 0 (no clipping) or positive", options.max_norm);
  require(options.sign == 1 || options.sign == -1, "sign must be 1 or -1", options.sign);

  const double* squared_norm = call.input<double>(0, 1);
  std::vector<AdamwParameter<Scalar>> parameters;
  for (size_t i = 0; i < call.dim_count(); ++i) {
    const int64_t count = call.size(i);
    parameters.push_back({call.input<Scalar>(1 + i, count), call.output<Scalar>(3 * i, count),
                          call.output<Scalar>(3 * i + 1, count), call.output<Scalar>(3 * i + 2, count), count});
  }
  int32_t* applied = call.output<int32_t>(3 * call.dim_count(), 1);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::adamw<Scalar>(*squared_norm, parameters, applied, options); };
#else
  return {[=](ThreadPool& pool) { adamw(*squared_norm, parameters, applied, options, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::adamw(squared_norm, parameters, applied, options, stream); })};
#endif
}

}  // namespace pope
