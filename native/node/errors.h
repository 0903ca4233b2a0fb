// Native failures as JavaScript errors, made by the factory that TypeScript hands over in initialize().
#pragma once

#include <string>

#include "core/error.h"
#include "node/napi_setup.h"

namespace pope::node {

// The JavaScript error value for a code, which is a status_code() or USE_AFTER_DISPOSE. `sequence` is the number of the
// queued op that failed, or -1.
Napi::Value make_error(Napi::Env env, const char* code, const std::string& message, int64_t index = -1,
                       int64_t sequence = -1);
Napi::Value make_error(Napi::Env env, const Error& error, int64_t sequence = -1);

[[noreturn]] void throw_error(Napi::Env env, const char* code, const std::string& message);

// Runs `body` and turns what it throws into a pending JavaScript exception. Every callback from JavaScript goes through
// here, so that no C++ exception reaches Node.
template <class Body>
Napi::Value guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw Napi::Error(env, make_error(env, current_error()));
  }
}

}  // namespace pope::node
