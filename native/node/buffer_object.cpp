#include "node/buffer_object.h"

#include "node/environment.h"
#include "node/errors.h"

namespace pope::node {

namespace {

// Marks our objects, so that no foreign one is unwrapped as a buffer.
constexpr napi_type_tag kTag{0x7d1c2b3f58e94a06, 0x9b52f0c4e1a78d33};

struct Creation {
  std::shared_ptr<BufferPool> pool;
  std::shared_ptr<Memory> memory;
};

}  // namespace

Napi::Function BufferObject::define(Napi::Env env) {
  return DefineClass(env, "NativeBuffer",
                     {InstanceAccessor<&BufferObject::bytes>("bytes"),
                      InstanceAccessor<&BufferObject::disposed>("disposed"),
                      InstanceMethod<&BufferObject::dispose>("dispose")});
}

Napi::Object BufferObject::create(Napi::Env env, std::shared_ptr<BufferPool> pool, Block block, size_t bytes) {
  Creation creation{std::move(pool), std::make_shared<Memory>(std::move(block), bytes)};
  return Environment::of(env).buffer_constructor.New({Napi::External<Creation>::New(env, &creation)});
}

BufferObject::BufferObject(const Napi::CallbackInfo& call) : Napi::ObjectWrap<BufferObject>(call) {
  if (!call[0].IsExternal()) throw Napi::TypeError::New(call.Env(), "buffers are made by allocate()");
  const Creation& creation = *call[0].As<Napi::External<Creation>>().Data();
  pool_ = creation.pool;
  memory_ = creation.memory;
  live_ = true;
  call.This().As<Napi::Object>().TypeTag(&kTag);
  // So that the garbage collector knows what a small object stands for.
  Napi::MemoryManagement::AdjustExternalMemory(call.Env(), static_cast<int64_t>(memory_->bytes));
}

// The safety net for a buffer that nobody disposed.
void BufferObject::Finalize(Napi::BasicEnv env) { release(env); }

BufferObject& BufferObject::of(const Napi::Value& value, const BufferPool& pool, const std::string& name) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Error(Status::invalid_argument, name + " must be a device buffer");
  }
  BufferObject& buffer = *Unwrap(value.As<Napi::Object>());
  if (!buffer.live_) throw_error(value.Env(), "USE_AFTER_DISPOSE", name + " was disposed before this call");
  if (&buffer.pool_->device() != &pool.device()) throw Error(Status::invalid_argument, name + " belongs to another queue");
  return buffer;
}

Napi::Value BufferObject::bytes(const Napi::CallbackInfo& call) {
  return Napi::Number::New(call.Env(), static_cast<double>(memory_->bytes));
}

Napi::Value BufferObject::disposed(const Napi::CallbackInfo& call) { return Napi::Boolean::New(call.Env(), !live_); }

Napi::Value BufferObject::dispose(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    release(call.Env());
    return call.Env().Undefined();
  });
}

// The block is free at once, although commands on it may be queued: whoever gets it next uses it in later commands of the
// same queue. `memory_` stays, for these commands and their poison. A block that was lent to the communication thread is freed
// when that and the last command have let go of it.
void BufferObject::release(Napi::BasicEnv env) {
  if (!live_) return;
  live_ = false;
  const size_t bytes = memory_->bytes;
  if (memory_->lent) {
    pool_->part_with(memory_->block, bytes);
    memory_ = std::make_shared<Memory>(Block{}, bytes);
  } else {
    pool_->release(std::move(memory_->block), bytes);
  }
  Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(bytes));
}

}  // namespace pope::node
