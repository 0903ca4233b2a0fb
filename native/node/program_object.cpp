#include "node/program_object.h"

#include "node/environment.h"
#include "node/errors.h"

namespace pope::node {

namespace {

// Marks our objects, so that no foreign one is unwrapped as a program.
constexpr napi_type_tag kTag{0x3c9ad1f27e0b4586, 0xa81f6d94c2e75b07};

struct Creation {
  std::shared_ptr<Program> program;
  std::shared_ptr<BufferPool> pool;
};

}  // namespace

Napi::Function ProgramObject::define(Napi::Env env) {
  return DefineClass(
      env, "NativeProgram",
      {InstanceAccessor<&ProgramObject::disposed>("disposed"), InstanceMethod<&ProgramObject::dispose>("dispose")});
}

Napi::Object ProgramObject::create(Napi::Env env, std::shared_ptr<Program> program, std::shared_ptr<BufferPool> pool) {
  Creation creation{std::move(program), std::move(pool)};
  return Environment::of(env).program_constructor.New({Napi::External<Creation>::New(env, &creation)});
}

ProgramObject::ProgramObject(const Napi::CallbackInfo& call) : Napi::ObjectWrap<ProgramObject>(call) {
  if (!call[0].IsExternal()) throw Napi::TypeError::New(call.Env(), "programs are made by record()");
  const Creation& creation = *call[0].As<Napi::External<Creation>>().Data();
  program_ = creation.program;
  pool_ = creation.pool;
  call.This().As<Napi::Object>().TypeTag(&kTag);
}

const std::shared_ptr<Program>& ProgramObject::of(const Napi::Value& value, const Device& device) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Error(Status::invalid_argument, "run: expected a program that record() made");
  }
  const std::shared_ptr<Program>& program = Unwrap(value.As<Napi::Object>())->program_;
  if (!program) throw_error(value.Env(), "USE_AFTER_DISPOSE", "the program was disposed before this call");
  if (program->device.get() != &device) throw Error(Status::invalid_argument, "the program belongs to another queue");
  return program;
}

Napi::Value ProgramObject::disposed(const Napi::CallbackInfo& call) {
  return Napi::Boolean::New(call.Env(), program_ == nullptr);
}

Napi::Value ProgramObject::dispose(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    release();
    return call.Env().Undefined();
  });
}

// Queued runs hold the program; their memory may serve others at once, whose commands come later.
void ProgramObject::release() {
  if (!program_) return;
  program_ = nullptr;
  pool_->close();
}

}  // namespace pope::node
