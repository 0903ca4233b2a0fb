// NativeBuffer of src/native/addon.ts.
#pragma once

#include <memory>

#include "core/queue.h"
#include "node/napi_setup.h"

namespace pope::node {

class BufferObject : public Napi::ObjectWrap<BufferObject> {
 public:
  static Napi::Function define(Napi::Env env);
  // Wraps a block that the pool has allocated for `bytes`.
  static Napi::Object create(Napi::Env env, std::shared_ptr<BufferPool> pool, Block block, size_t bytes);
  // The buffer that an argument is; throws for anything else, a disposed one and one of another queue.
  static BufferObject& of(const Napi::Value& value, const BufferPool& pool, const std::string& name);

  explicit BufferObject(const Napi::CallbackInfo& call);
  void Finalize(Napi::BasicEnv env) override;

  const std::shared_ptr<Memory>& memory() const { return memory_; }

 private:
  Napi::Value bytes(const Napi::CallbackInfo& call);
  Napi::Value disposed(const Napi::CallbackInfo& call);
  Napi::Value dispose(const Napi::CallbackInfo& call);
  void release(Napi::BasicEnv env);

  std::shared_ptr<BufferPool> pool_;
  std::shared_ptr<Memory> memory_;
  bool live_ = false;
};

}  // namespace pope::node
