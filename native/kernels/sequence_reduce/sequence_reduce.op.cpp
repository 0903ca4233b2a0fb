#include "abi/abi.h"
#include "kernels/op.h"

namespace pope {

Work prepare_sequence_reduce(const OpCall& call) {
  pope_sequence_reduce_args args{};
  args.responses = call.size(0);
  args.values_count = call.input_count<float>(0);
  args.values = call.input<float>(0, args.values_count);
  args.offsets_count = args.responses + 1;
  args.offsets = call.input<int64_t>(1, args.offsets_count);
  args.sums = call.optional_output<double>(0, args.responses);
  args.sums_count = args.sums ? args.responses : 0;
  args.means = call.optional_output<double>(1, args.responses);
  args.means_count = args.means ? args.responses : 0;
  return abi::sequence_reduce_function.work(args);
}

}  // namespace pope
