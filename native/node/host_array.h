// Typed arrays of JavaScript as plain memory.
#pragma once

#include <vector>

#include "kernels/op.h"
#include "node/napi_setup.h"

namespace pope::node {

// The memory of a typed array of an accepted kind (f32, f64, i32, i64, u16, u8). Refused, because their memory can move or
// change size under a kernel: arrays on a detached, resizable or shared buffer. `name` is for the message.
Array host_array(const Napi::Value& value, const std::string& name);

// An argument list of such arrays; null stands for an array that is not given. `role` is "input" or "output".
std::vector<Array> host_arrays(const Napi::Value& list, const char* role);

}  // namespace pope::node
