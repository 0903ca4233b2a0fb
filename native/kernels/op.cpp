#include "kernels/op.h"

#include "pope.h"

namespace pope {

namespace {

constexpr int64_t kMaximumSize = int64_t{1} << 40;
constexpr int64_t kMaximumProduct = int64_t{1} << 48;
// An array without elements has no bytes that bound its other sizes, over which an op may loop.
constexpr int64_t kMaximumEmpty = int64_t{1} << 24;

}  // namespace

int64_t OpCall::dim(size_t i) const {
  if (i >= dims_.size()) {
    fail(Status::invalid_argument, "needs at least " + std::to_string(i + 1) + " dims, got " +
                                       std::to_string(dims_.size()));
  }
  return dims_[i];
}

int64_t OpCall::size(size_t i) const {
  const int64_t value = dim(i);
  if (value < 0 || value >= kMaximumSize) {
    fail(Status::invalid_argument, "dim " + std::to_string(i) + " must be a size, not " + std::to_string(value));
  }
  return value;
}

double OpCall::scalar(size_t i) const {
  if (i >= scalars_.size()) {
    fail(Status::invalid_argument, "needs at least " + std::to_string(i + 1) + " scalars, got " +
                                       std::to_string(scalars_.size()));
  }
  return scalars_[i];
}

int32_t OpCall::float_type(size_t i) const {
  const int64_t dtype = i < dims_.size() ? dims_[i] : int64_t{POPE_F32};
  if (dtype != POPE_F32 && dtype != POPE_F16 && dtype != POPE_BF16) {
    fail(Status::invalid_argument, "dtype must be that of f32, f16 or bf16, not " + std::to_string(dtype));
  }
  return static_cast<int32_t>(dtype);
}

const void* OpCall::float_input(size_t i, int64_t count, int32_t dtype) const {
  return dtype == POPE_F32 ? static_cast<const void*>(input<Scalar>(i, count)) : input<uint16_t>(i, count);
}

void* OpCall::float_output(size_t i, int64_t count, int32_t dtype) const {
  return dtype == POPE_F32 ? static_cast<void*>(output<Scalar>(i, count)) : output<uint16_t>(i, count);
}

void OpCall::fail(Status status, const std::string& what) const { throw Error(status, std::string(op_) + ": " + what); }

void* OpCall::checked(std::span<const Array> arrays, const char* role, size_t i, int64_t count, size_t element) const {
  const std::string name = std::string(role) + " " + std::to_string(i);
  if (i >= arrays.size()) fail(Status::invalid_argument, name + " is missing");
  const Array& array = arrays[i];
  const auto expected = static_cast<size_t>(count) * element;
  if (count < 0 || array.bytes != expected) {
    const std::string size = " elements of " + std::to_string(element) + " bytes";
    fail(Status::shape, name + " must hold " + std::to_string(count) + size + ", but has " +
                            std::to_string(array.bytes) + " bytes");
  }
  if (array.data == nullptr && count > 0) fail(Status::invalid_argument, name + " is null");
  return array.data;
}

int64_t checked_product(std::initializer_list<int64_t> factors) {
  int64_t product = 1;
  bool empty = false;
  for (const int64_t factor : factors) {
    if (factor < 0 || (factor > 0 && product > kMaximumProduct / factor)) {
      throw Error(Status::invalid_argument, "a product of sizes is negative or above 2^48 elements");
    }
    if (factor == 0) empty = true;
    else product *= factor;
  }
  if (empty && product > kMaximumEmpty) {
    throw Error(Status::invalid_argument, "an array without elements has sizes whose product is above 2^24");
  }
  return empty ? 0 : product;
}

}  // namespace pope
