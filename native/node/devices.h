// The devices of this binary, as JavaScript names them.
#pragma once

#include <memory>

#include "core/device.h"
#include "node/napi_setup.h"

namespace pope::node {

// "cpu" (also undefined), "cuda", or "dry" for one that only counts. Throws unsupported, with the reason, for a device that cannot be used here.
std::shared_ptr<Device> open_device(const Napi::Value& kind);

// What the GPU's runtime finds on this machine: NativeCuda of src/native/addon.ts, or null in a binary without CUDA
// kernels. With `libraries` it looks for cuBLASLt, which takes a while where there is one.
Napi::Value probe_cuda(Napi::Env env, bool libraries);

}  // namespace pope::node
