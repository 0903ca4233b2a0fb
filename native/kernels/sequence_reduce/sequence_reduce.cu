#include "kernels/sequence_reduce/sequence_reduce.cuda.h"

#include "cuda/checks.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) sequence_reduce_kernel(pope_sequence_reduce_args args,
                                                                   RefusalWord* refusals) {
  const int lane = threadIdx.x % kWarp;
  const int64_t warp = (int64_t{blockIdx.x} * kThreads + threadIdx.x) / kWarp;
  const int64_t warps = int64_t{gridDim.x} * kThreads / kWarp;
  for (int64_t response = warp; response < args.responses; response += warps) {
    const Part part = read_part(args.offsets, response, args.responses, args.values_count, false, refusals);
    double sum = part.valid ? 0 : NAN;
    if (part.valid) {
      for (int64_t token = part.first + lane; token < part.last; token += kWarp) sum += args.values[token];
    }
    sum = warp_reduce(sum, [](double a, double b) { return a + b; });
    if (lane != 0) continue;
    if (args.sums) args.sums[response] = sum;
    const int64_t count = part.last - part.first;
    if (args.means) args.means[response] = count == 0 ? sum : sum / static_cast<double>(count);
  }
}

}  // namespace

void sequence_reduce(const pope_sequence_reduce_args& args, Stream& stream) {
  if (args.responses == 0) return require_no_elements("sequence_reduce", "offsets", args.values_count);
  POPE_LAUNCH(sequence_reduce_kernel, stream.blocks(args.responses * kWarp, kThreads), kThreads, 0, stream.handle(),
              args, stream.refusals(describe_checks("sequence_reduce", "offsets", "response")));
}

}  // namespace pope::cuda
