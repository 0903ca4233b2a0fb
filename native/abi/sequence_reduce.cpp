#include "abi/abi.h"

#ifdef POPE_REFERENCE
#include "kernels/sequence_reduce/sequence_reduce.reference.h"
#else
#include "kernels/sequence_reduce/sequence_reduce.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/sequence_reduce/sequence_reduce.cuda.h"
#endif

namespace pope::abi {

namespace {

void check(const Arguments& arguments, const pope_sequence_reduce_args& args) {
  arguments.size("responses", args.responses);
  arguments.size("values_count", args.values_count);
  arguments.buffer("values", args.values, args.values_count, args.values_count);
  arguments.offsets("offsets", args.offsets, args.offsets_count, args.responses, args.values_count, false);
  arguments.optional_buffer("sums", args.sums, args.sums_count, args.responses);
  arguments.optional_buffer("means", args.means, args.means_count, args.responses);
}

#ifdef POPE_REFERENCE
void run(const pope_sequence_reduce_args& args, ThreadPool&) { reference::sequence_reduce(args); }
#else
void run(const pope_sequence_reduce_args& args, ThreadPool& pool) { sequence_reduce(args, pool); }
#endif

}  // namespace

const Function<pope_sequence_reduce_args> sequence_reduce_function{
    "sequence_reduce", check, run, POPE_ON_CUDA(cuda::sequence_reduce)};

}  // namespace pope::abi

int32_t pope_sequence_reduce(const pope_sequence_reduce_args* args) {
  return pope::abi::sequence_reduce_function.call(args);
}
