#pragma once

#include <vector>

#include "core/shared_library.h"
#include "node/napi_setup.h"

namespace pope::node {

// What this binary is and what it found on this machine: NativeInfo of src/native/addon.ts.
Napi::Object describe_binary(Napi::Env env);

// Libraries that were not taken: [{ library, reason }].
Napi::Array describe_rejections(Napi::Env env, const std::vector<LibraryRejection>& rejected);

}  // namespace pope::node
