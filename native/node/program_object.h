// NativeProgram of src/native/addon.ts.
#pragma once

#include <memory>

#include "core/buffer_pool.h"
#include "core/program.h"
#include "node/napi_setup.h"

namespace pope::node {

class ProgramObject : public Napi::ObjectWrap<ProgramObject> {
 public:
  static Napi::Function define(Napi::Env env);
  // `pool`: that of the memory which came and went while it was recorded.
  static Napi::Object create(Napi::Env env, std::shared_ptr<Program> program, std::shared_ptr<BufferPool> pool);
  // The program that an argument is; throws for anything else, a disposed one and one of another queue.
  static const std::shared_ptr<Program>& of(const Napi::Value& value, const Device& device);

  explicit ProgramObject(const Napi::CallbackInfo& call);
  void Finalize(Napi::BasicEnv) override { release(); }

 private:
  Napi::Value disposed(const Napi::CallbackInfo& call);
  Napi::Value dispose(const Napi::CallbackInfo& call);
  void release();

  std::shared_ptr<Program> program_;  // null after dispose
  std::shared_ptr<BufferPool> pool_;
};

}  // namespace pope::node
