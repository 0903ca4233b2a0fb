#include "node/queue_object.h"

#include <cmath>

#include "node/buffer_object.h"
#include "node/devices.h"
#include "node/errors.h"
#include "node/host_array.h"
#include "node/op_arguments.h"

namespace pope::node {

namespace {

constexpr size_t kSpareBytes = size_t{1} << 20;  // small blocks are mostly rounding
constexpr size_t kCopiedBytes = size_t{1} << 20;  // arrays up to this size are copied at the call

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalid_argument, message); }

size_t bytes_argument(const Napi::Value& value, const char* name) {
  const double bytes = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(bytes >= 0 && bytes <= 0x1p53 && std::trunc(bytes) == bytes)) refuse(std::string(name) + " must be a whole number >= 0");
  return static_cast<size_t>(bytes);
}

struct BufferArguments {
  std::vector<std::shared_ptr<Memory>> memory;  // null where not given
  std::vector<Array> arrays;
};

BufferArguments buffer_arguments(const Napi::Value& list, const BufferPool& pool, const char* role) {
  if (!list.IsArray()) refuse(std::string(role) + "s must be an array of device buffers");
  const auto values = list.As<Napi::Array>();
  BufferArguments arguments;
  for (uint32_t i = 0; i < values.Length(); ++i) {
    const Napi::Value value = values.Get(i);
    if (value.IsNull()) {
      arguments.memory.emplace_back();
      arguments.arrays.emplace_back();
    } else {
      const auto& memory = BufferObject::of(value, pool, std::string(role) + " " + std::to_string(i)).memory();
      arguments.memory.push_back(memory);
      arguments.arrays.push_back({memory->data, memory->bytes});
    }
  }
  return arguments;
}

}  // namespace

void require_kernel(const Device& device, const Op& op, const Work& work) {
  try {
    device.require_kernel(work);
  } catch (const Error& error) {
    throw Error(error.status, std::string(op.name) + ": " + error.what());
  }
}

std::function<void()> on_device(const std::shared_ptr<Device>& device, Work work) {
  return [device, work = std::move(work)] { device->run(work); };
}

Napi::Function QueueObject::define(Napi::Env env) {
  return DefineClass(env, "NativeQueue",
                     {InstanceMethod<&QueueObject::allocate>("allocate"), InstanceMethod<&QueueObject::write>("write"),
                      InstanceMethod<&QueueObject::run>("run"), InstanceMethod<&QueueObject::record>("record"),
                      InstanceMethod<&QueueObject::run_program>("runProgram"), InstanceMethod<&QueueObject::run_host>("runHost"),
                      InstanceMethod<&QueueObject::exchange>("exchange"),
                      InstanceMethod<&QueueObject::read>("read"), InstanceMethod<&QueueObject::ready>("ready"),
                      InstanceMethod<&QueueObject::read_all>("readAll"),
                      InstanceMethod<&QueueObject::passed>("passed"),
                      InstanceMethod<&QueueObject::memory_stats>("memoryStats"),
                      InstanceMethod<&QueueObject::trim>("trim"), InstanceMethod<&QueueObject::close>("close")});
}

QueueObject::QueueObject(const Napi::CallbackInfo& call) : Napi::ObjectWrap<QueueObject>(call) {
  guarded(call.Env(), [&] {
    if (!call[0].IsObject()) refuse("createQueue needs { maximumPending, device }");
    maximum_pending_ = bytes_argument(call[0].As<Napi::Object>().Get("maximumPending"), "maximumPending");
    if (maximum_pending_ < 1) refuse("maximumPending must be at least 1");
    ThreadPool::shared();  // refuses a bad POPE_THREADS here, not in the first op
    device_ = open_device(call[0].As<Napi::Object>().Get("device"));
    pool_ = std::make_shared<BufferPool>(device_);
    mailbox_ = Mailbox::New(call.Env(), "pope queue", 0, 1, this);
    mailbox_.Unref(call.Env());  // an idle queue does not keep the process alive
    const auto on_done = [this](uint64_t ticket, const Poison& poison) {
      auto* done = new Done{ticket, poison};
      if (mailbox_.NonBlockingCall(done) != napi_ok) delete done;
    };
    queue_ = std::make_unique<Queue>(on_done, device_);
    // Hooks run in reverse order: after the mailbox, which registers its own, so that this one joins the thread first.
    napi_add_env_cleanup_hook(call.Env(), environment_ends, this);
    open();
    stopped_ = false;
    return call.Env().Undefined();
  });
}

void QueueObject::Finalize(Napi::BasicEnv) { stop(); }

Block QueueObject::allocate_block(size_t bytes) {
  // Passes of many sizes leave free blocks that fit no later one.
  if (pool_->pool_bytes() > 2 * pool_->peak_bytes() + kSpareBytes) give_back();
  BufferPool& pool = recording_pool_ ? *recording_pool_ : *pool_;
  Block block = pool.allocate(bytes);
  if (!block.data) {
    queue_->drain();
    pool_->take_free();
    block = pool.allocate(bytes);
  }
  if (!block.data) {
    throw Error(Status::out_of_memory, "cannot allocate " + std::to_string(bytes) + " bytes: " +
                                           std::to_string(pool_->live_buffers()) + " buffers with " +
                                           std::to_string(pool_->live_bytes()) +
                                           " bytes are alive; dispose what is no longer needed or use smaller batches");
  }
  return block;
}

Napi::Value QueueObject::allocate(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    const size_t bytes = bytes_argument(call[0], "bytes");
    return BufferObject::create(call.Env(), recording_pool_ ? recording_pool_ : pool_, allocate_block(bytes), bytes);
  });
}

Napi::Value QueueObject::write(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    require_no_recording("write");
    const std::shared_ptr<Memory>& memory = BufferObject::of(call[0], *pool_, "the buffer").memory();
    const Array source = host_array(call[1], "the source");
    const bool part = !call[2].IsUndefined();
    const size_t offset = part ? bytes_argument(call[2], "byteOffset") : 0;
    if (part ? offset > memory->bytes || source.bytes > memory->bytes - offset : source.bytes != memory->bytes) {
      throw Error(Status::shape, "write: the buffer has " + std::to_string(memory->bytes) + " bytes, the source " +
                                     std::to_string(source.bytes) + (part ? " from byte " + std::to_string(offset) : ""));
    }
    Command command{.work = {}, .outputs = {memory}, .op = "write"};
    if (part) command.inputs = {memory};  // what is written beside a failure does not make the whole good
    std::byte* const to = memory->data + offset;
    if (source.bytes <= kCopiedBytes) {
      const auto* begin = static_cast<const std::byte*>(source.data);
      command.work = [device = device_, copy = std::vector<std::byte>(begin, begin + source.bytes),
                      to] { device->upload(to, copy.data(), copy.size()); };
    } else {
      command.work = [device = device_, source, to] { device->upload(to, source.data, source.bytes); };
      Waiting waiting;
      waiting.held.push_back(Napi::Persistent(call[1].As<Napi::Object>()));
      command.ticket = wait(std::move(waiting));
    }
    queue_->push(std::move(command));
    return call.Env().Undefined();
  });
}

Napi::Value QueueObject::run(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    const Op& op = op_argument(call[0]);
    BufferArguments inputs = buffer_arguments(call[1], *pool_, "input");
    BufferArguments outputs = buffer_arguments(call[2], *pool_, "output");
    std::vector<int64_t> dims = dims_argument(call[3]);
    const std::vector<double> scalars = scalars_argument(call[4]);
    Work work = op.prepare(OpCall(op.name, inputs.arrays, outputs.arrays, dims, scalars));
    // What an op updates is an input too: a sum whose first half failed must not look whole after the second.
    if (op.effect != Effect::writes) {
      inputs.memory.insert(inputs.memory.end(), outputs.memory.begin(), outputs.memory.end());
    }
    require_kernel(*device_, op, work);
    if (recording_) {
      recording_->add({std::move(work), op.name, std::move(dims)}, inputs.memory, outputs.memory);
      return Napi::Number::New(call.Env(), 0);
    }
    const uint64_t sequence = queue_->push({.work = on_device(device_, std::move(work)),
                                            .inputs = std::move(inputs.memory),
                                            .outputs = std::move(outputs.memory),
                                            .op = op.name,
                                            .dims = std::move(dims),
                                            .keeps = op.effect == Effect::keeps});
    return Napi::Number::New(call.Env(), static_cast<double>(sequence));
  });
}

Napi::Value QueueObject::read(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    require_no_recording("read");
    const std::shared_ptr<Memory>& memory = BufferObject::of(call[0], *pool_, "the buffer").memory();
    const size_t offset = bytes_argument(call[1], "byteOffset");
    const Array destination = host_array(call[2], "the destination");
    if (offset > memory->bytes || destination.bytes > memory->bytes - offset) {
      throw Error(Status::shape, "read: " + std::to_string(destination.bytes) + " bytes from byte " +
                                     std::to_string(offset) + " are more than the buffer's " +
                                     std::to_string(memory->bytes));
    }
    Waiting waiting;
    waiting.held.push_back(Napi::Persistent(call[2].As<Napi::Object>()));
    const Napi::Promise promise = promise_of(waiting);
    queue_->push({.work = [device = device_, destination, from = memory->data + offset] {
                    device->download(destination.data, from, destination.bytes);
                  },
                  .inputs = {memory},
                  .op = "read",
                  .ticket = wait(std::move(waiting)),
                  .reads = true});
    return promise;
  });
}

Napi::Value QueueObject::read_all(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    require_no_recording("readAll");
    BufferArguments buffers = buffer_arguments(call[0], *pool_, "buffer");
    const std::vector<Array> destinations = host_arrays(call[1], "destination");
    const size_t count = buffers.arrays.size();
    if (destinations.size() != count) refuse("readAll needs a destination for every buffer");
    Waiting waiting;
    for (size_t i = 0; i < count; ++i) {
      if (!buffers.memory[i] || buffers.arrays[i].bytes != destinations[i].bytes) {
        throw Error(Status::shape, "readAll: buffer " + std::to_string(i) + " has " +
                                       std::to_string(buffers.arrays[i].bytes) + " bytes, its destination " +
                                       std::to_string(destinations[i].bytes));
      }
      waiting.held.push_back(Napi::Persistent(call[1].As<Napi::Array>().Get(static_cast<uint32_t>(i)).As<Napi::Object>()));
    }
    const Napi::Promise promise = promise_of(waiting);
    queue_->push({.work = [device = device_, from = std::move(buffers.arrays), destinations] {
                    for (size_t i = 0; i < from.size(); ++i) {
                      device->download(destinations[i].data, from[i].data, from[i].bytes);
                    }
                  },
                  .inputs = std::move(buffers.memory),
                  .op = "read",
                  .ticket = wait(std::move(waiting)),
                  .reads = true});
    return promise;
  });
}

Napi::Value QueueObject::ready(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    // Half the bound, so that whoever waits finds room for more than one op.
    const uint64_t pushed = queue_->pushed();
    const uint64_t due = queue_->pending() < maximum_pending_ ? 0 : pushed - maximum_pending_ / 2;
    return report_after(due, Waiting{});
  });
}

Napi::Value QueueObject::passed(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    return report_after(queue_->pushed(), Waiting{});
  });
}

Napi::Value QueueObject::memory_stats(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    Napi::Object stats = Napi::Object::New(call.Env());
    stats.Set("liveBuffers", static_cast<double>(pool_->live_buffers()));
    stats.Set("liveBytes", static_cast<double>(pool_->live_bytes()));
    stats.Set("poolBytes", static_cast<double>(pool_->pool_bytes()));
    stats.Set("peakBytes", static_cast<double>(pool_->peak_bytes()));
    stats.Set("scratchBytes", static_cast<double>(device_->peak_scratch_bytes()));
    return stats;
  });
}

Napi::Value QueueObject::trim(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    give_back();
    return call.Env().Undefined();
  });
}

// The blocks are freed with the command that owns them, run or dropped.
void QueueObject::give_back() {
  queue_->push({.work = [blocks = std::make_shared<std::vector<Block>>(pool_->take_free())] {}, .op = "trim"});
}

Napi::Value QueueObject::close(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    closed_ = true;
    Waiting waiting;
    waiting.closes = true;
    return report_after(stopped_ ? 0 : queue_->pushed(), std::move(waiting));
  });
}

void QueueObject::require_open(Napi::Env env) const {
  if (closed_) throw_error(env, "USE_AFTER_DISPOSE", "the device was closed before this call");
}

void QueueObject::require_no_recording(const char* what) const {
  if (recording_) refuse(std::string(what) + ": a program holds ops only; bring values to the device before record()");
}

}  // namespace pope::node
