// NativeCommunicator of src/native/addon.ts: an Exchange and the promises that wait for it.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "comm/exchange.h"
#include "node/napi_setup.h"

namespace pope::node {

class CommunicatorObject : public Napi::ObjectWrap<CommunicatorObject> {
 public:
  static Napi::Function define(Napi::Env env);
  // The communicator that an argument is; throws for anything else.
  static CommunicatorObject& of(const Napi::Value& value);

  explicit CommunicatorObject(const Napi::CallbackInfo& call);
  void Finalize(Napi::BasicEnv) override { stop(); }

  const std::shared_ptr<Exchange>& exchange() const { return exchange_; }

 private:
  // What settles a promise: a value made on JavaScript's thread, or a failure.
  using Result = std::function<Napi::Value(Napi::Env)>;
  struct Letter {
    uint64_t ticket;
    Result result;
    std::exception_ptr failure;
  };
  static void settle(Napi::Env env, Napi::Function, CommunicatorObject* communicator, Letter* letter);
  using Mailbox = Napi::TypedThreadSafeFunction<CommunicatorObject, Letter, &CommunicatorObject::settle>;
  // The way to JavaScript's thread; the communication thread may outlive it.
  struct Post {
    std::mutex mutex;
    Mailbox mailbox;
    bool open = true;
    void send(Letter letter);
  };

  Napi::Value opened(const Napi::CallbackInfo& call);
  Napi::Value gather(const Napi::CallbackInfo& call);
  Napi::Value status(const Napi::CallbackInfo& call);
  Napi::Value abort(const Napi::CallbackInfo& call);
  Napi::Value close(const Napi::CallbackInfo& call);

  uint64_t promise(Napi::Env env);
  // A promise for what `job`, in the next place of the order, leaves to be made into a value.
  Napi::Value enqueue(Napi::Env env, std::string what, std::function<Result(Transport&)> job);
  void finish(Letter& letter);
  void stop();
  static void environment_ends(void* communicator);

  std::shared_ptr<Post> post_;
  std::shared_ptr<Exchange> exchange_;
  std::unordered_map<uint64_t, Napi::Promise::Deferred> waiting_;
  uint64_t last_ticket_ = 0;
  Napi::ObjectReference opened_;  // a promise
  bool stopped_ = true;
};

}  // namespace pope::node
