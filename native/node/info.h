#pragma once

#include "node/napi_setup.h"

namespace pope::node {

// What this binary is and what it found on this machine: NativeInfo of src/native/addon.ts.
Napi::Object describe_binary(Napi::Env env);

}  // namespace pope::node
