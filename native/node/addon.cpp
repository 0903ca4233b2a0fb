// The addon: NativeAddon of src/native/addon.ts, which a test compares with what is exported here.
#ifdef POPE_SIMT
#include "cuda/device.h"
#endif
#include "node/buffer_object.h"
#include "node/communicator_object.h"
#include "node/devices.h"
#include "node/environment.h"
#include "node/errors.h"
#include "node/host_array.h"
#include "node/info.h"
#include "node/op_arguments.h"
#include "node/program_object.h"
#include "node/queue_object.h"
#include "node/transports.h"

namespace pope::node {

namespace {

Napi::Value initialize(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    if (!call[0].IsFunction()) throw Error(Status::invalid_argument, "initialize needs the function that makes errors");
    Environment::of(call.Env()).error_factory = Napi::Persistent(call[0].As<Napi::Function>());
    return call.Env().Undefined();
  });
}

Napi::Value info(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return describe_binary(call.Env()); });
}

Napi::Value probe(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return probe_cuda(call.Env(), call[0].ToBoolean()); });
}

#ifdef POPE_SIMT
// Device memory is host memory here, so the kernels for a GPU run on the caller's arrays themselves.
void run_now(const Work& work) {
  cuda::CudaDevice device;
  device.require_kernel(work);
  device.run(work);
  device.unconfirmed();
  const std::map<uint64_t, Error> failures = device.confirm();
  if (!failures.empty()) throw failures.begin()->second;
}
#else
void run_now(const Work& work) { work.cpu(ThreadPool::shared()); }
#endif

Napi::Value run_sync(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const Op& op = op_argument(call[0]);
    const std::vector<Array> inputs = host_arrays(call[1], "input");
    const std::vector<Array> outputs = host_arrays(call[2], "output");
    const std::vector<int64_t> dims = dims_argument(call[3]);
    const std::vector<double> scalars = scalars_argument(call[4]);
    run_now(op.prepare(OpCall(op.name, inputs, outputs, dims, scalars)));
    return call.Env().Undefined();
  });
}

Napi::Value create_queue(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return Environment::of(call.Env()).queue_constructor.New({call[0]}); });
}

Napi::Value create_communicator(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return Environment::of(call.Env()).communicator_constructor.New({call[0]}); });
}

Napi::Value create_nccl_id(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] { return nccl_id(call.Env(), call[0]); });
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment();
  env.SetInstanceData(environment);
  environment->buffer_constructor = Napi::Persistent(BufferObject::define(env));
  environment->communicator_constructor = Napi::Persistent(CommunicatorObject::define(env));
  environment->program_constructor = Napi::Persistent(ProgramObject::define(env));
  environment->queue_constructor = Napi::Persistent(QueueObject::define(env));
  exports.Set("initialize", Napi::Function::New(env, initialize, "initialize"));
  exports.Set("info", Napi::Function::New(env, info, "info"));
  exports.Set("probeCuda", Napi::Function::New(env, probe, "probeCuda"));
  exports.Set("createQueue", Napi::Function::New(env, create_queue, "createQueue"));
  exports.Set("createCommunicator", Napi::Function::New(env, create_communicator, "createCommunicator"));
  exports.Set("ncclId", Napi::Function::New(env, create_nccl_id, "ncclId"));
  exports.Set("runSync", Napi::Function::New(env, run_sync, "runSync"));
  return exports;
}

}  // namespace

NODE_API_MODULE(pope, start)

}  // namespace pope::node
