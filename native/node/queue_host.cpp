// runHost: an op on the caller's own arrays, in queue order.
#include "node/host_array.h"
#include "node/errors.h"
#include "node/op_arguments.h"
#include "node/queue_object.h"

namespace pope::node {

namespace {

// Keeps the arrays of an argument list alive.
void hold(const Napi::Value& list, std::vector<Napi::ObjectReference>& held) {
  const auto values = list.As<Napi::Array>();
  for (uint32_t i = 0; i < values.Length(); ++i) {
    const Napi::Value value = values.Get(i);
    if (value.IsObject()) held.push_back(Napi::Persistent(value.As<Napi::Object>()));
  }
}

// Host arrays and the memory that the device's kernels see in their place: themselves, or blocks of the pool, which go
// back to it with this object. Later commands may get the same blocks; they come after.
class Twins {
 public:
  template <class Allocate>
  Twins(std::vector<Array> host, BufferPool& pool, bool host_memory, Allocate&& allocate)
      : host_(std::move(host)), device_(host_), pool_(pool) {
    if (host_memory) return;
    for (Array& array : device_) {
      if (!array.data) continue;
      blocks_.emplace_back(allocate(array.bytes), array.bytes);
      array.data = blocks_.back().first.data.get();
    }
  }
  ~Twins() {
    for (auto& [block, bytes] : blocks_) pool_.release(std::move(block), bytes);
  }
  Twins(const Twins&) = delete;
  Twins& operator=(const Twins&) = delete;

  const std::vector<Array>& host() const { return host_; }
  const std::vector<Array>& device() const { return device_; }

 private:
  std::vector<Array> host_, device_;
  BufferPool& pool_;
  std::vector<std::pair<Block, size_t>> blocks_;
};

}  // namespace

Napi::Value QueueObject::run_host(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    require_no_recording("runHost");
    const Op& op = op_argument(call[0]);
    const bool in_place = device_->host_memory();
    const auto allocate = [this](size_t bytes) { return allocate_block(bytes); };
    const Twins inputs(host_arrays(call[1], "input"), *pool_, in_place, allocate);
    const Twins outputs(host_arrays(call[2], "output"), *pool_, in_place, allocate);
    std::vector<int64_t> dims = dims_argument(call[3]);
    const std::vector<double> scalars = scalars_argument(call[4]);
    Work prepared = op.prepare(OpCall(op.name, inputs.device(), outputs.device(), dims, scalars));
    require_kernel(*device_, op, prepared);
    std::function<void()> work = on_device(device_, std::move(prepared));
    if (!in_place) {
      work = [device = device_, work = std::move(work), from = inputs.host(), to = inputs.device(),
              results = outputs.host(), computed = outputs.device(), updates = op.effect != Effect::writes] {
        const auto upload = [&](const std::vector<Array>& device_arrays, const std::vector<Array>& host_arrays) {
          for (size_t i = 0; i < host_arrays.size(); ++i) {
            if (host_arrays[i].data) device->upload(device_arrays[i].data, host_arrays[i].data, host_arrays[i].bytes);
          }
        };
        upload(to, from);
        if (updates) upload(computed, results);
        work();
        for (size_t i = 0; i < results.size(); ++i) {
          if (results[i].data) device->download(results[i].data, computed[i].data, results[i].bytes);
        }
      };
    }
    Waiting waiting;
    hold(call[1], waiting.held);
    hold(call[2], waiting.held);
    const Napi::Promise promise = promise_of(waiting);
    queue_->push({.work = std::move(work),
                  .op = op.name,
                  .dims = std::move(dims),
                  .ticket = wait(std::move(waiting)),
                  .reads = true});
    return promise;
  });
}

}  // namespace pope::node
