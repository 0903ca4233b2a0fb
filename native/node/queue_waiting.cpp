// The part of QueueObject that waits: promises, what they hold, and the end of the queue.
#include <mutex>
#include <unordered_set>

#include "node/errors.h"
#include "node/queue_object.h"

namespace pope::node {

// Queues with a thread. process.exit() calls exit() without the hooks of the environment, and exit() takes down what an op may be
// working with: a BLAS unmaps its buffers. This object is destroyed before, for it is younger than the process.
class QueueObject::OpenQueues {
 public:
  static OpenQueues& all() {
    static OpenQueues queues;
    return queues;
  }

  ~OpenQueues() {
    for (QueueObject* queue : queues_) queue->abandon();
  }

  void add(QueueObject* queue) {
    const std::lock_guard lock(mutex_);
    queues_.insert(queue);
  }

  void remove(QueueObject* queue) {
    const std::lock_guard lock(mutex_);
    queues_.erase(queue);
  }

 private:
  std::mutex mutex_;  // environments have threads of their own
  std::unordered_set<QueueObject*> queues_;
};

void QueueObject::open() { OpenQueues::all().add(this); }

void QueueObject::abandon() {
  if (exchange_) exchange_->abandon();  // it may wait for a rank that is gone
  queue_->abandon();
}

Napi::Promise QueueObject::promise_of(Waiting& waiting) {
  waiting.promise = std::make_unique<Napi::Promise::Deferred>(Env());
  return waiting.promise->Promise();
}

// While anything waits, the queue keeps the process and itself alive.
uint64_t QueueObject::wait(Waiting waiting) {
  if (waiting_.empty()) {
    mailbox_.Ref(Env());
    Ref();
  }
  waiting_.emplace(++last_ticket_, std::move(waiting));
  return last_ticket_;
}

Napi::Promise QueueObject::report_after(uint64_t sequence, Waiting waiting) {
  const Napi::Promise promise = promise_of(waiting);
  if (stopped_) {
    waiting.promise->Resolve(Env().Undefined());
  } else {
    const uint64_t ticket = wait(std::move(waiting));
    if (!queue_->report_after(sequence, ticket)) finish(ticket, nullptr);
  }
  return promise;
}

// Runs on the JavaScript thread for each report of the queue's thread; with a null env when the environment has ended,
// and then the queue is gone too.
void QueueObject::settle(Napi::Env env, Napi::Function, QueueObject* queue, Done* done) {
  const std::unique_ptr<Done> owned(done);
  if (napi_env(env) != nullptr) queue->finish(done->ticket, done->poison);
}

void QueueObject::finish(uint64_t ticket, const Poison& poison) {
  const auto found = waiting_.find(ticket);
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  const bool idle = waiting_.empty();
  if (waiting.closes) stop();
  if (waiting.promise && poison) {
    waiting.promise->Reject(make_error(Env(), poison->error, static_cast<int64_t>(poison->sequence)));
  } else if (waiting.promise) {
    waiting.promise->Resolve(Env().Undefined());
  }
  if (!idle) return;
  if (!stopped_) mailbox_.Unref(Env());
  Unref();
}

void QueueObject::stop() {
  if (stopped_) return;
  stopped_ = true;
  OpenQueues::all().remove(this);
  queue_->abandon();
  pool_->close();
  napi_remove_env_cleanup_hook(Env(), environment_ends, this);
  mailbox_.Release();
}

// The environment closes the mailbox by itself, after this hook.
void QueueObject::environment_ends(void* self) {
  auto* queue = static_cast<QueueObject*>(self);
  queue->stopped_ = queue->closed_ = true;
  OpenQueues::all().remove(queue);
  queue->abandon();
  queue->pool_->close();
  queue->waiting_.clear();
}

}  // namespace pope::node
