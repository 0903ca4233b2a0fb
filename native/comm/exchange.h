// The communication thread: it owns a Transport and makes its calls, one after another.
//
// Their order is that in which places were reserved, on JavaScript's thread, and so the same in every rank; when each
// begins is up to the work that makes its input, which goes on in the queues of devices meanwhile:
//
//     JavaScript           reserve(1: all-reduce)      reserve(2: gather)
//     a device's queue     ... backward ... take(1) ... more backward ... the first op that needs the sum waits for 1
//     this thread          waits for take(1), all_reduce, done(1), then 2
//
// A call that fails, and a place that is given up, end it all: the ranks are no longer in step. What follows then fails
// with the same error, and whoever waits learns why.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "comm/transport.h"
#include "core/error.h"

namespace pope {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Open = std::function<std::unique_ptr<Transport>()>;
  using Job = std::function<void(Transport&)>;
  // Called once, with null after success, on this thread or on that which gives up.
  using Done = std::function<void(std::exception_ptr)>;

  struct Place {
    const std::string what;
    const uint64_t number;
    Done done;  // null once it was called
    Job job;    // null until it is taken
  };

  // A place in the order, which is given up with the object unless a job takes it.
  class Turn {
   public:
    Turn(std::shared_ptr<Exchange> exchange, std::shared_ptr<Place> place)
        : exchange_(std::move(exchange)), place_(std::move(place)) {}
    ~Turn() {
      if (place_) exchange_->give_up(*place_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // The input is ready: `job` runs when all places before this one are done.
    void take(Job job) { exchange_->take(std::move(place_), std::move(job)); }

   private:
    const std::shared_ptr<Exchange> exchange_;
    std::shared_ptr<Place> place_;  // null once it is taken
  };

  // Starts the thread, which begins with `open`; `opened` is told how that went.
  static std::shared_ptr<Exchange> start(Open open, Done opened);

  // The next place; `what` is for messages. The number of the first is 1.
  std::shared_ptr<Turn> reserve(std::string what, Done done);

  // What the thread is at, or nothing while it waits for this process.
  struct Status {
    std::string what;
    uint64_t number;
    uint64_t progress;
  };
  std::optional<Status> status() const;

  // The transport from its opening on, for what any thread may ask of it; null before and where that failed.
  Transport* transport() const;

  // Lets all that is not done fail, and the thread end after the call that it is in, which nobody waits for. Idempotent.
  void abandon();

 private:
  void run(const Open& open, const Done& opened);
  void take(std::shared_ptr<Place> place, Job job);
  void give_up(const Place& place);
  // All that waits fails for this reason, and all that will.
  void break_off(std::unique_lock<std::mutex>& lock, std::exception_ptr reason);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<Transport> transport_;       // used and destroyed on the thread
  std::deque<std::shared_ptr<Place>> places_;  // the first may be running
  bool running_ = false, stopping_ = false;
  std::exception_ptr broken_;
  uint64_t reserved_ = 0;
};

}  // namespace pope
