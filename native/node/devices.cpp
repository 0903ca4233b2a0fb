#include "node/devices.h"

#ifdef POPE_WITH_CUDA
#include "cuda/cublaslt.h"
#include "cuda/device.h"
#include "cuda/runtime.h"
#endif
#include "kernels/op.h"
#include "node/info.h"

namespace pope::node {

#ifdef POPE_WITH_CUDA

namespace {

Napi::Value text_or_null(Napi::Env env, const std::string& text) {
  return text.empty() ? env.Null() : Napi::String::New(env, text);
}

// 13000 is 13.0; null when the runtime could not tell.
Napi::Value version(Napi::Env env, int number) {
  return text_or_null(env, number == 0 ? "" : std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10));
}

Napi::Array describe_gpus(Napi::Env env, const std::vector<cuda::DeviceDescription>& devices) {
  Napi::Array array = Napi::Array::New(env, devices.size());
  for (uint32_t i = 0; i < devices.size(); ++i) {
    const cuda::DeviceDescription& device = devices[i];
    Napi::Object description = Napi::Object::New(env);
    description.Set("name", device.name);
    description.Set("computeCapability",
                    std::to_string(device.compute_major) + "." + std::to_string(device.compute_minor));
    description.Set("memoryBytes", static_cast<double>(device.memory_bytes));
    description.Set("multiprocessors", device.multiprocessors);
    array.Set(i, description);
  }
  return array;
}

}  // namespace

Napi::Value probe_cuda(Napi::Env env, bool libraries) {
  const cuda::Probe probe = cuda::runtime::probe();
  const cuda::CublasLtSearch library = libraries ? cuda::cublaslt_search() : cuda::CublasLtSearch{};
  Napi::Object found = Napi::Object::New(env);
  found.Set("reason", text_or_null(env, probe.reason));
  found.Set("driver", version(env, probe.driver_version));
  found.Set("runtime", version(env, probe.runtime_version));
  found.Set("gpus", describe_gpus(env, probe.devices));
  found.Set("cublasLt", text_or_null(env, library.library));
  found.Set("cublasLtRejected", describe_rejections(env, library.rejected));
  Napi::Array ops = Napi::Array::New(env);
  for (const Op& op : all_ops()) {
    if (op.on_cuda) ops.Set(ops.Length(), Napi::String::New(env, op.name));
  }
  found.Set("ops", ops);
  return found;
}

#else

Napi::Value probe_cuda(Napi::Env env, bool) { return env.Null(); }

#endif

std::shared_ptr<Device> open_device(const Napi::Value& kind) {
  const std::string name = kind.IsUndefined() ? "cpu" : kind.ToString().Utf8Value();
  if (name == "cpu") return std::make_shared<CpuDevice>();
#ifdef POPE_WITH_CUDA
  if (name == "cuda") return std::make_shared<cuda::CudaDevice>();
#else
  if (name == "cuda") throw Error(Status::unsupported, "this binary has no CUDA kernels");
#endif
  if (name == "dry") return std::make_shared<DryDevice>();
  throw Error(Status::invalid_argument, "a device is \"cpu\", \"cuda\" or \"dry\", not \"" + name + "\"");
}

}  // namespace pope::node
