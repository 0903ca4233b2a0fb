// The one shape every native operation has, whatever runs it.
//
// An op is known by its name. A call brings input and output arrays (device buffers or pinned host arrays; the op sees
// pointers and byte counts only), integers ("dims": sizes, flags) and numbers ("scalars"). `prepare` runs on the caller's
// thread: it checks every count against the sizes, refuses what does not fit, and returns the work, which the queue runs
// later on its own thread. Nothing is trusted between the two except values copied into the closure.
//
// The same table exists several times: the product is built with Scalar = float and the kernels in <name>.cpu.cpp, with
// POPE_WITH_CUDA also those in <name>.cu; the test-only addon pope_reference is built with POPE_REFERENCE, Scalar = double,
// and the templates in <name>.reference.h. One name, one argument list, one set of checks; tests hold the implementations
// against each other.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/work.h"

namespace pope {

#ifdef POPE_REFERENCE
using Scalar = double;
#else
using Scalar = float;
#endif

struct Array {
  void* data = nullptr;
  size_t bytes = 0;
};

// Code for a GPU, or nullptr in a build without CUDA kernels: `return {cpu work, POPE_ON_CUDA(cuda work)};`.
#ifdef POPE_WITH_CUDA
#define POPE_ON_CUDA(...) __VA_ARGS__
#else
#define POPE_ON_CUDA(...) nullptr
#endif

class OpCall {
 public:
  OpCall(const char* op, std::span<const Array> inputs, std::span<const Array> outputs, std::span<const int64_t> dims,
         std::span<const double> scalars)
      : op_(op), inputs_(inputs), outputs_(outputs), dims_(dims), scalars_(scalars) {}

  // The i-th integer; throws POPE_INVALID_ARGUMENT when absent.
  int64_t dim(size_t i) const;
  // The i-th integer, which must be a size: >= 0 and below 2^40.
  int64_t size(size_t i) const;
  double scalar(size_t i) const;
  size_t dim_count() const { return dims_.size(); }

  // The i-th array, which must hold exactly `count` elements of T (count may be a product; overflow is checked by the
  // caller with checked_product). Throws POPE_SHAPE naming op, array index, expected and received counts.
  template <class T>
  const T* input(size_t i, int64_t count) const {
    return static_cast<const T*>(checked(inputs_, "input", i, count, sizeof(T)));
  }
  template <class T>
  T* output(size_t i, int64_t count) const {
    return static_cast<T*>(checked(outputs_, "output", i, count, sizeof(T)));
  }
  // As above, but nullptr when the array was not given (absent or null).
  template <class T>
  const T* optional_input(size_t i, int64_t count) const {
    return i < inputs_.size() && inputs_[i].data ? input<T>(i, count) : nullptr;
  }
  template <class T>
  T* optional_output(size_t i, int64_t count) const {
    return i < outputs_.size() && outputs_[i].data ? output<T>(i, count) : nullptr;
  }
  // The i-th integer as the dtype of float arrays (POPE_F32, POPE_F16, POPE_BF16): f32, the op's float type, when absent.
  int32_t float_type(size_t i) const;
  // The i-th array of that dtype: Scalar for f32, else 16-bit patterns.
  const void* float_input(size_t i, int64_t count, int32_t dtype) const;
  void* float_output(size_t i, int64_t count, int32_t dtype) const;
  // Number of elements of T in the i-th input (0 when not given).
  template <class T>
  int64_t input_count(size_t i) const {
    return i < inputs_.size() ? static_cast<int64_t>(inputs_[i].bytes / sizeof(T)) : 0;
  }

  [[noreturn]] void fail(Status status, const std::string& what) const;  // "<op>: <what>"

 private:
  void* checked(std::span<const Array> arrays, const char* role, size_t i, int64_t count, size_t element) const;

  const char* op_;
  std::span<const Array> inputs_, outputs_;
  std::span<const int64_t> dims_;
  std::span<const double> scalars_;
};

// a * b (* c ...) as a size; throws POPE_INVALID_ARGUMENT when it leaves [0, 2^48], or is 0 with other factors above 2^24.
int64_t checked_product(std::initializer_list<int64_t> factors);

using Prepare = Work (*)(const OpCall&);

// What an op does with its outputs: writes every element, or updates what is there (a sum of gradients). One that `keeps`
// updates too, but where an input has failed its outputs stay as they were and good: parameters survive a bad gradient.
enum class Effect { writes, updates, keeps };

struct Op {
  const char* name;
  Prepare prepare;
  Effect effect;
  bool on_cuda;  // has a kernel there, in a build with CUDA kernels
};

// All ops of this build (native/kernels/ops.cpp). find_op returns nullptr for an unknown name.
std::span<const Op> all_ops();
const Op* find_op(std::string_view name);

}  // namespace pope
