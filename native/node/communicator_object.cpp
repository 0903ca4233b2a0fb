#include "node/communicator_object.h"

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "comm/gather_numbers.h"
#include "node/errors.h"
#include "node/host_array.h"
#include "node/transports.h"

namespace pope::node {

namespace {

constexpr napi_type_tag kTag{0x3e5b0a7cd2914f86, 0xb1c47d20f96e853a};
constexpr auto kAbortPatience = std::chrono::seconds(2);

Napi::Value describe(Napi::Env env, const Transport& transport) {
  Napi::Object description = Napi::Object::New(env);
  description.Set("rank", transport.rank());
  description.Set("size", transport.size());
  description.Set("library", transport.description());
  description.Set("hostMemory", transport.host_memory());
  return description;
}

Napi::Value array_of(Napi::Env env, const std::vector<std::vector<double>>& parts) {
  Napi::Array array = Napi::Array::New(env, parts.size());
  for (uint32_t r = 0; r < parts.size(); ++r) {
    Napi::Float64Array values = Napi::Float64Array::New(env, parts[r].size());
    std::copy(parts[r].begin(), parts[r].end(), values.Data());
    array.Set(r, values);
  }
  return array;
}

}  // namespace

void CommunicatorObject::Post::send(Letter letter) {
  auto* sent = new Letter(std::move(letter));
  std::lock_guard lock(mutex);
  if (!open || mailbox.NonBlockingCall(sent) != napi_ok) delete sent;
}

Napi::Function CommunicatorObject::define(Napi::Env env) {
  return DefineClass(env, "NativeCommunicator",
                     {InstanceMethod<&CommunicatorObject::opened>("opened"),
                      InstanceMethod<&CommunicatorObject::gather>("gather"),
                      InstanceMethod<&CommunicatorObject::status>("status"),
                      InstanceMethod<&CommunicatorObject::abort>("abort"),
                      InstanceMethod<&CommunicatorObject::close>("close")});
}

CommunicatorObject& CommunicatorObject::of(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Error(Status::invalid_argument, "the first argument must be a communicator");
  }
  return *Unwrap(value.As<Napi::Object>());
}

CommunicatorObject::CommunicatorObject(const Napi::CallbackInfo& call) : Napi::ObjectWrap<CommunicatorObject>(call) {
  guarded(call.Env(), [&] {
    Exchange::Open open = transport_argument(call[0]);
    call.This().As<Napi::Object>().TypeTag(&kTag);
    post_ = std::make_shared<Post>();
    post_->mailbox = Mailbox::New(call.Env(), "pope communicator", 0, 1, this);
    post_->mailbox.Unref(call.Env());
    napi_add_env_cleanup_hook(call.Env(), environment_ends, this);
    stopped_ = false;
    const uint64_t ticket = promise(call.Env());
    opened_ = Napi::Persistent(waiting_.at(ticket).Promise().As<Napi::Object>());
    const Result description = [this](Napi::Env env) { return describe(env, *exchange_->transport()); };
    exchange_ = Exchange::start(std::move(open), [post = post_, ticket, description](std::exception_ptr failure) {
      post->send({ticket, description, failure});
    });
    return call.Env().Undefined();
  });
}

Napi::Value CommunicatorObject::opened(const Napi::CallbackInfo&) { return opened_.Value(); }

Napi::Value CommunicatorObject::gather(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    const Array given = host_array(call[0], "what is gathered");
    if (given.bytes % sizeof(double) != 0) throw Error(Status::invalid_argument, "what is gathered must be a Float64Array");
    const auto* begin = static_cast<const double*>(given.data);
    std::vector<double> values(begin, begin + given.bytes / sizeof(double));
    return enqueue(call.Env(), "gather", [values = std::move(values)](Transport& transport) -> Result {
      return [parts = gather_numbers(transport, values)](Napi::Env env) { return array_of(env, parts); };
    });
  });
}

Napi::Value CommunicatorObject::status(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const std::optional<Exchange::Status> found = exchange_->status();
    if (!found) return call.Env().Null();
    Napi::Object status = Napi::Object::New(call.Env());
    status.Set("what", found->what);
    status.Set("number", static_cast<double>(found->number));
    status.Set("progress", static_cast<double>(found->progress));
    return status;
  });
}

// The library's way to end all ranks; it may itself wait for a rank that hangs, so this process is killed in any case.
Napi::Value CommunicatorObject::abort(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    Transport* const transport = stopped_ ? nullptr : exchange_->transport();
    if (transport) {
      const int exit_code = call[0].ToNumber();
      std::thread([transport, exit_code, keep = exchange_] { transport->abort(exit_code); }).detach();
      std::this_thread::sleep_for(kAbortPatience);
    }
    std::raise(SIGKILL);
    return call.Env().Undefined();
  });
}

Napi::Value CommunicatorObject::close(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    return enqueue(call.Env(), "close", [this](Transport& transport) -> Result {
      transport.finish();
      return [this](Napi::Env env) {
        stop();
        return env.Undefined();
      };
    });
  });
}

uint64_t CommunicatorObject::promise(Napi::Env env) {
  if (waiting_.empty()) {
    post_->mailbox.Ref(env);
    Ref();
  }
  waiting_.emplace(++last_ticket_, Napi::Promise::Deferred(env));
  return last_ticket_;
}

Napi::Value CommunicatorObject::enqueue(Napi::Env env, std::string what, std::function<Result(Transport&)> job) {
  if (stopped_) throw_error(env, "USE_AFTER_DISPOSE", what + ": the communicator was closed before this call");
  const uint64_t ticket = promise(env);
  const Napi::Promise promise = waiting_.at(ticket).Promise();
  const auto result = std::make_shared<Result>();
  const auto turn = exchange_->reserve(std::move(what), [post = post_, ticket, result](std::exception_ptr failure) {
    post->send({ticket, std::move(*result), failure});
  });
  turn->take([result, job = std::move(job)](Transport& transport) { *result = job(transport); });
  return promise;
}

// As in queue_waiting.cpp: with a null env when the environment has ended.
void CommunicatorObject::settle(Napi::Env env, Napi::Function, CommunicatorObject* communicator, Letter* letter) {
  const std::unique_ptr<Letter> owned(letter);
  if (napi_env(env) != nullptr) communicator->finish(*letter);
}

void CommunicatorObject::finish(Letter& letter) {
  const auto found = waiting_.find(letter.ticket);
  const Napi::Promise::Deferred deferred = found->second;
  waiting_.erase(found);
  if (letter.failure) {
    try {
      std::rethrow_exception(letter.failure);
    } catch (...) {
      deferred.Reject(make_error(Env(), current_error()));
    }
  } else {
    deferred.Resolve(letter.result(Env()));
  }
  if (!waiting_.empty()) return;
  if (!stopped_) post_->mailbox.Unref(Env());
  Unref();
}

void CommunicatorObject::stop() {
  if (stopped_) return;
  stopped_ = true;
  exchange_->abandon();
  std::lock_guard lock(post_->mutex);
  post_->open = false;
  napi_remove_env_cleanup_hook(Env(), environment_ends, this);
  post_->mailbox.Release();
}

// The environment closes the mailbox by itself, after this hook.
void CommunicatorObject::environment_ends(void* self) {
  auto* communicator = static_cast<CommunicatorObject*>(self);
  communicator->stopped_ = true;
  communicator->exchange_->abandon();
  std::lock_guard lock(communicator->post_->mutex);
  communicator->post_->open = false;
  communicator->waiting_.clear();
}

}  // namespace pope::node
