#include "abi/abi.h"

#include <cstdio>

namespace pope::abi {

namespace {

// A fixed buffer: describing a failure must not fail for want of memory.
struct LastError {
  char message[512] = "";
  int64_t index = -1;
};
thread_local LastError last_error;

}  // namespace

int32_t store_error(const Error& error) {
  std::snprintf(last_error.message, sizeof last_error.message, "%s", error.what());
  last_error.index = error.index;
  return static_cast<int32_t>(error.status);
}

void Arguments::size(const char* name, int64_t value) const {
  if (value < 0 || value >= int64_t{1} << 40) {
    fail(Status::invalid_argument, std::string(name) + " must be a size, not " + std::to_string(value));
  }
}

void Arguments::choice(const char* name, int32_t value, int32_t count) const {
  if (value < 0 || value >= count) {
    fail(Status::invalid_argument, std::string(name) + " must be 0 to " + std::to_string(count - 1) + ", not " +
                                       std::to_string(value));
  }
}

void Arguments::buffer(const char* name, const void* data, int64_t count, int64_t expected) const {
  if (count != expected) {
    fail(Status::shape, std::string(name) + " must hold " + std::to_string(expected) + " elements, but has " +
                            std::to_string(count));
  }
  if (!data && expected > 0) fail(Status::invalid_argument, std::string(name) + " is NULL");
}

void Arguments::optional_buffer(const char* name, const void* data, int64_t count, int64_t expected) const {
  if (data || count != 0) buffer(name, data, count, expected);
}

void Arguments::finite(const char* name, const double* values, int64_t count) const {
  if (!host_memory_) return;
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) {
      fail(Status::non_finite, std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(values[i]) +
                                   ", expected a finite number", i);
    }
  }
}

void Arguments::finite(const char* name, double value) const {
  if (!std::isfinite(value)) {
    fail(Status::non_finite, std::string(name) + " is " + std::to_string(value) + ", expected a finite number");
  }
}

void Arguments::tokens(const char* name, const int32_t* ids, int64_t count, int64_t vocab) const {
  if (!host_memory_) return;
  for (int64_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || ids[i] >= vocab) {
      fail(Status::out_of_range, std::string(name) + "[" + std::to_string(i) + "] is token " + std::to_string(ids[i]) +
                                     ", outside the vocabulary of " + std::to_string(vocab), i);
    }
  }
}

void Arguments::transform(int32_t name, double parameter) const {
  choice("transform", name, POPE_SUB_GAUSSIAN + 1);
  if (name == POPE_IDENTITY) return;
  const bool positive = name == POPE_CLIP || name == POPE_SHRINKAGE;
  const bool valid = positive ? parameter > 0 : parameter >= 0 && parameter <= 1;
  if (!valid || !std::isfinite(parameter)) {
    fail(Status::invalid_argument, std::string("transform_parameter must be ") +
                                       (positive ? "finite and above 0" : "from 0 to 1") + ", not " +
                                       std::to_string(parameter));
  }
}

}  // namespace pope::abi

int32_t pope_abi_version(void) { return POPE_ABI_VERSION; }
const char* pope_last_error(void) { return pope::abi::last_error.message; }
int64_t pope_last_error_index(void) { return pope::abi::last_error.index; }
