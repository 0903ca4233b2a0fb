// One exception type for everything that native code refuses or fails at. It never leaves native code as an exception:
// the C ABI turns it into a pope_status, the Node glue into a JavaScript error.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "pope.h"

namespace pope {

// pope_status without POPE_OK, as a scoped type.
enum class Status : int32_t {
  invalid_argument = POPE_INVALID_ARGUMENT,
  shape = POPE_SHAPE,
  out_of_range = POPE_OUT_OF_RANGE,
  non_finite = POPE_NON_FINITE,
  weight_overflow = POPE_WEIGHT_OVERFLOW,
  out_of_memory = POPE_OUT_OF_MEMORY,
  unsupported = POPE_UNSUPPORTED,
  internal = POPE_INTERNAL
};

// The stable upper-case name of a status, which is the `code` of the JavaScript error: POPE_SHAPE -> "SHAPE".
const char* status_code(Status status);

class Error : public std::runtime_error {
 public:
  // `index` is the offending row, response or slate, or -1.
  Error(Status status, const std::string& message, int64_t index = -1)
      : std::runtime_error(message), status(status), index(index) {}

  const Status status;
  const int64_t index;
};

// The exception being handled, as an Error: bad_alloc becomes out_of_memory, everything else that is foreign internal.
// Call it in a catch block only.
Error current_error();

}  // namespace pope
