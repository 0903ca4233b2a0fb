#include "abi/abi.h"

#ifdef POPE_REFERENCE
#include "kernels/weights/weights.reference.h"
#else
#include "kernels/weights/weights.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/weights/weights.cuda.h"
#endif

namespace pope::abi {

namespace {

void check(const Arguments& arguments, const pope_weights_args& args) {
  const int64_t responses = args.log_prob_count;
  arguments.choice("level", args.level, POPE_GEOMETRIC_WEIGHT + 1);
  arguments.transform(args.transform, args.transform_parameter);
  arguments.size("slates", args.slates);
  arguments.size("log_prob_count", responses);
  arguments.buffer("log_prob", args.log_prob, responses, responses);
  arguments.buffer("logging_log_prob", args.logging_log_prob, args.logging_log_prob_count, responses);
  arguments.offsets("slate_offsets", args.slate_offsets, args.slate_offsets_count, args.slates, responses, true);
  arguments.finite("log_prob", args.log_prob, responses);
  arguments.finite("logging_log_prob", args.logging_log_prob, responses);
  const int64_t weights = args.level == POPE_RESPONSE_WEIGHT ? responses : args.slates;
  arguments.optional_buffer("log_weights", args.log_weights, args.log_weights_count, weights);
  arguments.buffer("weights", args.weights, args.weights_count, weights);
  arguments.optional_buffer("derivatives", args.derivatives, args.derivatives_count, weights);
}

#ifdef POPE_REFERENCE
void run(const pope_weights_args& args, ThreadPool&) { reference::weights(args); }
#else
void run(const pope_weights_args& args, ThreadPool& pool) { weights(args, pool); }
#endif

}  // namespace

const Function<pope_weights_args> weights_function{
    "weights", check, run, POPE_ON_CUDA(cuda::weights)};

}  // namespace pope::abi

int32_t pope_weights(const pope_weights_args* args) {
  return pope::abi::weights_function.call(args);
}
