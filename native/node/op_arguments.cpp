#include "node/op_arguments.h"

#include <cmath>

namespace pope::node {

namespace {

constexpr double kMaximumSafeInteger = 9007199254740991.0;  // 2^53 - 1

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalid_argument, message); }

}  // namespace

const Op& op_argument(const Napi::Value& name) {
  if (!name.IsString()) refuse("the name of an op must be a string");
  const std::string text = name.As<Napi::String>();
  const Op* op = find_op(text);
  if (!op) refuse("there is no op called \"" + text + "\" in this binary");
  return *op;
}

std::vector<double> scalars_argument(const Napi::Value& list) {
  if (!list.IsArray()) refuse("dims and scalars must be arrays of numbers");
  const auto values = list.As<Napi::Array>();
  std::vector<double> scalars(values.Length());
  for (uint32_t i = 0; i < scalars.size(); ++i) {
    const Napi::Value value = values.Get(i);
    if (!value.IsNumber()) refuse("dims and scalars must be arrays of numbers; element " + std::to_string(i) + " is not");
    scalars[i] = value.As<Napi::Number>().DoubleValue();
  }
  return scalars;
}

std::vector<int64_t> dims_argument(const Napi::Value& list) {
  const std::vector<double> values = scalars_argument(list);
  std::vector<int64_t> dims(values.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    if (std::trunc(values[i]) != values[i] || std::abs(values[i]) > kMaximumSafeInteger) {
      refuse("dim " + std::to_string(i) + " must be a whole number, not " + std::to_string(values[i]));
    }
    dims[i] = static_cast<int64_t>(values[i]);
  }
  return dims;
}

}  // namespace pope::node
