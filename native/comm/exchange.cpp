#include "comm/exchange.h"

#include <thread>
#include <vector>

namespace pope {

namespace {

std::exception_ptr error(const std::string& message) {
  return std::make_exception_ptr(Error(Status::internal, message));
}

// The failure being handled, with the call it happened in.
std::exception_ptr failure_of(const Exchange::Place& place, const Transport& transport) {
  const Error cause = current_error();
  return std::make_exception_ptr(Error(
      cause.status, place.what + ", call " + std::to_string(place.number) + " of rank " +
                        std::to_string(transport.rank()) + " of " + std::to_string(transport.size()) + ": " + cause.what()));
}

}  // namespace

// The thread keeps the object and is never joined: it may be in a call that waits for a rank which is gone.
std::shared_ptr<Exchange> Exchange::start(Open open, Done opened) {
  auto exchange = std::make_shared<Exchange>();
  std::thread([exchange, open = std::move(open), opened = std::move(opened)] { exchange->run(open, opened); }).detach();
  return exchange;
}

std::shared_ptr<Exchange::Turn> Exchange::reserve(std::string what, Done done) {
  std::unique_lock lock(mutex_);
  auto place = std::make_shared<Place>(Place{std::move(what), ++reserved_, std::move(done), nullptr});
  if (!broken_) {
    places_.push_back(place);
  } else {
    const std::exception_ptr reason = broken_;
    lock.unlock();
    std::exchange(place->done, nullptr)(reason);
  }
  return std::make_shared<Turn>(shared_from_this(), std::move(place));
}

std::optional<Exchange::Status> Exchange::status() const {
  std::lock_guard lock(mutex_);
  if (!running_ || places_.empty()) return std::nullopt;
  return Status{places_.front()->what, places_.front()->number, transport_->progress};
}

Transport* Exchange::transport() const {
  std::lock_guard lock(mutex_);
  return transport_.get();
}

void Exchange::abandon() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  break_off(lock, error("the communicator was closed before this call was done"));
  wake_.notify_one();
}

void Exchange::take(std::shared_ptr<Place> place, Job job) {
  std::lock_guard lock(mutex_);
  place->job = std::move(job);
  wake_.notify_one();
}

void Exchange::give_up(const Place& place) {
  std::unique_lock lock(mutex_);
  break_off(lock, error(place.what + ", call " + std::to_string(place.number) +
                        ", was given up: its device was closed or the process ends"));
}

void Exchange::break_off(std::unique_lock<std::mutex>& lock, std::exception_ptr reason) {
  if (!broken_) broken_ = reason;
  reason = broken_;
  std::vector<Done> waiting;
  for (const auto& place : std::exchange(places_, {})) waiting.push_back(std::exchange(place->done, nullptr));
  lock.unlock();
  for (const Done& done : waiting) done(reason);
  lock.lock();
}

void Exchange::run(const Open& open, const Done& opened) {
  std::unique_ptr<Transport> transport;
  std::exception_ptr failure;
  try {
    transport = open();
  } catch (...) {
    failure = std::make_exception_ptr(current_error());
  }
  std::unique_lock lock(mutex_);
  transport_ = std::move(transport);
  if (failure) break_off(lock, failure);
  lock.unlock();
  opened(failure);
  lock.lock();
  while (!failure) {
    wake_.wait(lock, [this] { return stopping_ || (!places_.empty() && places_.front()->job); });
    if (stopping_) break;
    const std::shared_ptr<Place> place = places_.front();
    running_ = true;
    lock.unlock();
    try {
      place->job(*transport_);
    } catch (...) {
      failure = failure_of(*place, *transport_);
    }
    place->job = nullptr;  // what it held is let go before anybody can see it done
    lock.lock();
    running_ = false;
    if (failure) break_off(lock, failure);
    if (!places_.empty()) places_.pop_front();
    const Done done = std::exchange(place->done, nullptr);
    lock.unlock();
    if (done) done(nullptr);
    lock.lock();
  }
}

}  // namespace pope
