#include "kernels/weights/weights.cuda.h"

#include "cuda/checks.h"
#include "kernels/weights/transform.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

__device__ void store(const pope_weights_args& args, int64_t at, double log_weight, RefusalWord* refusals) {
  const auto overflow = [&](double) { refuse(refusals, Check::weight, at); };
  const Weight weight = transform_weight(args.transform, args.transform_parameter, log_weight, overflow);
  if (args.log_weights) args.log_weights[at] = log_weight;
  args.weights[at] = weight.value;
  if (args.derivatives) args.derivatives[at] = weight.derivative;
}

__global__ void __launch_bounds__(kThreads) weights_kernel(pope_weights_args args, RefusalWord* refusals) {
  for (int64_t slate = int64_t{blockIdx.x} * kThreads + threadIdx.x; slate < args.slates;
       slate += int64_t{gridDim.x} * kThreads) {
    const Part part = read_part(args.slate_offsets, slate, args.slates, args.log_prob_count, true, refusals);
    double log_weight = NAN;
    if (part.valid) {
      for (int64_t k = part.first; k < part.last; ++k) {
        require(isfinite(args.log_prob[k]), refusals, Check::log_prob, k);
        require(isfinite(args.logging_log_prob[k]), refusals, Check::logging_log_prob, k);
        if (args.level == POPE_RESPONSE_WEIGHT) store(args, k, args.log_prob[k] - args.logging_log_prob[k], refusals);
      }
      log_weight = log_weight_sum(args.log_prob, args.logging_log_prob, part.first, part.last);
    }
    if (args.level == POPE_SLATE_WEIGHT) store(args, slate, log_weight, refusals);
    if (args.level == POPE_GEOMETRIC_WEIGHT) {
      store(args, slate, log_weight / static_cast<double>(part.last - part.first), refusals);
    }
  }
}

}  // namespace

void weights(const pope_weights_args& args, Stream& stream) {
  if (args.slates == 0) return require_no_elements("weights", "slate_offsets", args.log_prob_count);
  const char* weighed = args.level == POPE_RESPONSE_WEIGHT ? "response" : "slate";
  POPE_LAUNCH(weights_kernel, stream.blocks(args.slates, kThreads), kThreads, 0, stream.handle(), args,
              stream.refusals(describe_checks("weights", "slate_offsets", weighed)));
}

}  // namespace pope::cuda
