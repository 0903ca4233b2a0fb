#include "abi/abi.h"
#include "kernels/op.h"

namespace pope {

Work prepare_weights(const OpCall& call) {
  pope_weights_args args{};
  args.slates = call.size(0);
  args.level = static_cast<int32_t>(call.dim(1));
  args.transform = static_cast<int32_t>(call.dim(2));
  args.transform_parameter = call.scalar(0);
  const int64_t responses = call.input_count<double>(0);
  args.log_prob = call.input<double>(0, responses);
  args.logging_log_prob = call.input<double>(1, responses);
  args.slate_offsets = call.input<int32_t>(2, args.slates + 1);
  args.log_prob_count = args.logging_log_prob_count = responses;
  args.slate_offsets_count = args.slates + 1;
  const int64_t weights = args.level == POPE_RESPONSE_WEIGHT ? responses : args.slates;
  args.log_weights = call.optional_output<double>(0, weights);
  args.log_weights_count = args.log_weights ? weights : 0;
  args.weights = call.output<double>(1, weights);
  args.weights_count = weights;
  args.derivatives = call.optional_output<double>(2, weights);
  args.derivatives_count = args.derivatives ? weights : 0;
  return abi::weights_function.work(args);
}

}  // namespace pope
