// NativeQueue of src/native/addon.ts: a Queue, its pool, and the promises that wait for it.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "comm/exchange.h"
#include "core/program.h"
#include "core/queue.h"
#include "kernels/op.h"
#include "node/napi_setup.h"

namespace pope::node {

// Throws unsupported, naming the op, where the device has no kernel for it.
void require_kernel(const Device& device, const Op& op, const Work& work);
// What the device will do.
std::function<void()> on_device(const std::shared_ptr<Device>& device, Work work);

class QueueObject : public Napi::ObjectWrap<QueueObject> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit QueueObject(const Napi::CallbackInfo& call);
  void Finalize(Napi::BasicEnv env) override;

 private:
  // A promise, and the arrays that must stay until it settles. Lives and dies on the JavaScript thread.
  struct Waiting {
    std::unique_ptr<Napi::Promise::Deferred> promise;  // null for a write, which nobody awaits
    std::vector<Napi::ObjectReference> held;
    bool closes = false;
  };
  struct Done {
    uint64_t ticket;
    Poison poison;
  };
  static void settle(Napi::Env env, Napi::Function, QueueObject* queue, Done* done);
  using Mailbox = Napi::TypedThreadSafeFunction<QueueObject, Done, &QueueObject::settle>;

  Napi::Value allocate(const Napi::CallbackInfo& call);
  Napi::Value write(const Napi::CallbackInfo& call);
  Napi::Value run(const Napi::CallbackInfo& call);
  Napi::Value record(const Napi::CallbackInfo& call);
  Napi::Value run_program(const Napi::CallbackInfo& call);
  Napi::Value run_host(const Napi::CallbackInfo& call);
  Napi::Value exchange(const Napi::CallbackInfo& call);
  Napi::Value read(const Napi::CallbackInfo& call);
  Napi::Value read_all(const Napi::CallbackInfo& call);
  Napi::Value ready(const Napi::CallbackInfo& call);
  Napi::Value passed(const Napi::CallbackInfo& call);
  Napi::Value memory_stats(const Napi::CallbackInfo& call);
  Napi::Value trim(const Napi::CallbackInfo& call);
  Napi::Value close(const Napi::CallbackInfo& call);

  void require_open(Napi::Env env) const;
  void require_no_recording(const char* what) const;
  Napi::Promise promise_of(Waiting& waiting);
  uint64_t wait(Waiting waiting);  // returns its ticket
  // Resolves once the command of that number has finished.
  Napi::Promise report_after(uint64_t sequence, Waiting waiting);
  void finish(uint64_t ticket, const Poison& poison);
  void stop();
  static void environment_ends(void* queue);
  class OpenQueues;
  // From now on the end of the process waits for the op that runs.
  void open();
  // Waits for the op that runs, whatever that waits for; what has not begun is dropped.
  void abandon();

  Block allocate_block(size_t bytes);
  // Gives the free blocks of the pool to the system once the queue has passed this point.
  void give_back();

  std::shared_ptr<Device> device_;
  std::shared_ptr<BufferPool> pool_;
  std::unique_ptr<Queue> queue_;
  // The communication thread that the queue last gave work to, and so may wait for.
  std::shared_ptr<Exchange> exchange_;
  // While record() runs.
  std::unique_ptr<Recording> recording_;
  std::shared_ptr<BufferPool> recording_pool_;
  Mailbox mailbox_;
  std::unordered_map<uint64_t, Waiting> waiting_;
  uint64_t last_ticket_ = 0;
  uint64_t maximum_pending_ = 0;
  bool closed_ = false;
  bool stopped_ = true;  // no thread and no mailbox
};

}  // namespace pope::node
