#include "core/error.h"

#include <new>

namespace pope {

const char* status_code(Status status) {
  switch (status) {
    case Status::invalid_argument: return "INVALID_ARGUMENT";
    case Status::shape: return "SHAPE";
    case Status::out_of_range: return "OUT_OF_RANGE";
    case Status::non_finite: return "NON_FINITE";
    case Status::weight_overflow: return "WEIGHT_OVERFLOW";
    case Status::out_of_memory: return "OUT_OF_MEMORY";
    case Status::unsupported: return "UNSUPPORTED";
    case Status::internal: return "INTERNAL";
  }
  return "INTERNAL";
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(Status::out_of_memory, "the system gave no more memory");
  } catch (const std::exception& error) {
    return Error(Status::internal, error.what());
  } catch (...) {
    return Error(Status::internal, "unknown failure in native code");
  }
}

}  // namespace pope
