// What every function of the C ABI shares: the checks of its argument structure, and the wall that no exception passes.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/thread_pool.h"
#include "pope.h"

namespace pope::abi {

// Keeps the description of a failure for pope_last_error and returns its status.
int32_t store_error(const Error& error);

// Throws the last failure of this thread when `status` is one: how an op calls the C ABI.
void require_ok(int32_t status);

// Messages begin with the name of the function, as those of an op do.
class Arguments {
 public:
  explicit Arguments(const char* function) : function_(function) {}

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
    if (args->device == POPE_CUDA) fail(Status::unsupported, "this library has no CUDA code");
    if (args->device != POPE_CPU) fail(Status::invalid_argument, "unknown device " + std::to_string(args->device));
    if (args->stream) fail(Status::invalid_argument, "stream must be NULL on the CPU");
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
};

// Runs check and then work on the pool of the process; turns whatever they throw into a status.
template <class Args, class Check, class Work>
int32_t call(const char* function, const Args* args, Check&& check, Work&& work) {
  try {
    const Arguments arguments(function);
    arguments.header(args);
    check(arguments, *args);
    work(*args, ThreadPool::shared());
    return POPE_OK;
  } catch (...) {
    return store_error(current_error());
  }
}

}  // namespace pope::abi
