// record and runProgram: many ops as one command.
#include "node/errors.h"
#include "node/program_object.h"
#include "node/queue_object.h"

namespace pope::node {

// While the function runs, ops are recorded, and memory comes from a pool that the program keeps for itself.
Napi::Value QueueObject::record(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    require_open(call.Env());
    require_no_recording("record");
    if (!call[0].IsFunction()) throw Error(Status::invalid_argument, "record needs a function that runs ops");
    struct Open {
      QueueObject& queue;
      ~Open() {
        queue.recording_.reset();
        queue.recording_pool_.reset();
      }
    } open{*this};
    recording_ = std::make_unique<Recording>();
    recording_pool_ = std::make_shared<BufferPool>(pool_);
    const std::shared_ptr<BufferPool> pool = recording_pool_;
    try {
      call[0].As<Napi::Function>().Call({});
      return ProgramObject::create(call.Env(), recording_->finish(device_), pool);
    } catch (...) {
      pool->close();
      throw;
    }
  });
}

Napi::Value QueueObject::run_program(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    require_no_recording("runProgram");
    const std::shared_ptr<Program> program = ProgramObject::of(call[0], *device_);
    for (const auto* list : {&program->inputs, &program->outputs}) {
      for (const auto& memory : *list) {
        if (!memory->block.data) {
          throw_error(call.Env(), "USE_AFTER_DISPOSE", "a tensor that the program uses was disposed before this call");
        }
      }
    }
    const uint64_t sequence = queue_->push({.work = [program] { program->replay->run(); },
                                            .inputs = program->inputs,
                                            .outputs = program->outputs,
                                            .op = nullptr});
    return Napi::Number::New(call.Env(), static_cast<double>(sequence));
  });
}

}  // namespace pope::node
