// What every function of the C ABI shares: the checks of its argument structure, and the wall that no exception passes.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/thread_pool.h"
#include "kernels/op.h"
#include "pope.h"
#ifdef POPE_WITH_CUDA
#include "cuda/stream.h"
#endif

namespace pope::abi {

// Keeps the description of a failure for pope_last_error and returns its status.
int32_t store_error(const Error& error);

// Messages begin with the name of the function, as those of an op do. Buffers on a GPU are checked by their counts alone:
// what they hold (finite numbers, tokens, offsets) its kernels check where they read it.
class Arguments {
 public:
  explicit Arguments(const char* function, int32_t device = POPE_CPU)
      : function_(function), host_memory_(device == POPE_CPU) {}

  bool host_memory() const { return host_memory_; }

  [[noreturn]] void fail(Status status, const std::string& what, int64_t index = -1) const {
    throw Error(status, std::string(function_) + ": " + what, index);
  }

  // struct_size, device and stream, which every structure has.
  template <class Args>
  void header(const Args* args) const {
    if (!args) fail(Status::invalid_argument, "the argument structure is NULL");
    if (args->struct_size != sizeof(Args)) {
      fail(Status::invalid_argument, "struct_size is " + std::to_string(args->struct_size) + ", this library knows " +
                                         std::to_string(sizeof(Args)) + "; compile against its pope.h");
    }
    if (args->device != POPE_CPU && args->device != POPE_CUDA) {
      fail(Status::invalid_argument, "unknown device " + std::to_string(args->device));
    }
    if (args->device == POPE_CPU && args->stream) fail(Status::invalid_argument, "stream must be NULL on the CPU");
  }

  // A size in [0, 2^40).
  void size(const char* name, int64_t value) const;
  // An enum value in [0, count).
  void choice(const char* name, int32_t value, int32_t count) const;
  // A buffer that must hold exactly `expected` elements.
  void buffer(const char* name, const void* data, int64_t count, int64_t expected) const;
  // The same, or NULL with count 0.
  void optional_buffer(const char* name, const void* data, int64_t count, int64_t expected) const;
  // Finite numbers; the error's index is the first that is not.
  void finite(const char* name, const double* values, int64_t count) const;
  void finite(const char* name, double value) const;
  // Token ids in [0, vocab).
  void tokens(const char* name, const int32_t* ids, int64_t count, int64_t vocab) const;
  // Cuts of `length` elements into `parts`: parts + 1 offsets from 0 to length, increasing (strictly: no empty part).
  template <class Offset>
  void offsets(const char* name, const Offset* values, int64_t count, int64_t parts, int64_t length,
               bool strictly) const {
    buffer(name, values, count, parts + 1);
    if (!host_memory_) return;
    if (values[0] != 0) fail(Status::out_of_range, std::string(name) + " must begin with 0", 0);
    for (int64_t i = 0; i < parts; ++i) {
      if (values[i + 1] < values[i] || (strictly && values[i + 1] == values[i])) {
        fail(Status::out_of_range, std::string(name) + (strictly ? " must increase strictly" : " must not decrease") +
                                       ", but part " + std::to_string(i) + " is from " + std::to_string(values[i]) +
                                       " to " + std::to_string(values[i + 1]), i);
      }
    }
    if (values[parts] != length) {
      fail(Status::out_of_range, std::string(name) + " must end with " + std::to_string(length) + ", not " +
                                     std::to_string(values[parts]), parts);
    }
  }
  void transform(int32_t name, double parameter) const;

 private:
  const char* function_;
  bool host_memory_;
};

// One function of the C ABI: its checks, and its work on each kind of device.
template <class Args>
struct Function {
  const char* name;
  void (*check)(const Arguments&, const Args&);
  void (*on_cpu)(const Args&, ThreadPool&);
  void (*on_cuda)(const Args&, cuda::Stream&);  // nullptr without a kernel

  // For the C function: turns whatever is thrown into a status.
  int32_t call(const Args* args) const {
    try {
      // First of all, because a structure of another size may end before its device.
      Arguments(name).header(args);
      const Arguments arguments(name, args->device);
      if (args->device == POPE_CPU) {
        check(arguments, *args);
        on_cpu(*args, ThreadPool::shared());
      } else {
        enqueue(arguments, *args);
      }
      return POPE_OK;
    } catch (...) {
      return store_error(current_error());
    }
  }

  // For the op: what arrays hold is checked when the queue gets there.
  Work work(const Args& args) const { return work(args, on_cpu); }

  // The same with other code for the CPU.
  template <class Run>
  Work work(const Args& args, const Run& run) const {
    Work work = [function = *this, args, run](ThreadPool& pool) {
      function.check(Arguments(function.name), args);
      run(args, pool);
    };
    if (on_cuda) {
      check(Arguments(name, POPE_CUDA), args);
      work.cuda = [function = *this, args](cuda::Stream& stream) { function.on_cuda(args, stream); };
    }
    return work;
  }

 private:
  void enqueue(const Arguments& arguments, [[maybe_unused]] const Args& args) const {
    if (!on_cuda) arguments.fail(Status::unsupported, "this library has no CUDA kernel for it");
    check(arguments, args);
#ifdef POPE_WITH_CUDA
    cuda::Stream stream(static_cast<cuda::StreamHandle>(args.stream));
    on_cuda(args, stream);
    stream.check_launches();
#endif
  }
};

extern const Function<pope_token_logprobs_args> token_logprobs_function;
extern const Function<pope_token_logprobs_grad_args> token_logprobs_grad_function;
extern const Function<pope_sequence_reduce_args> sequence_reduce_function;
extern const Function<pope_weights_args> weights_function;
extern const Function<pope_slate_value_args> slate_value_function;
extern const Function<pope_slate_coefficients_args> slate_coefficients_function;

}  // namespace pope::abi
