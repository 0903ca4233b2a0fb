// An in-order command queue with its own thread, over a device.
//
// Commands run one after another in the order they were pushed, so memory needs no locks: who writes a buffer comes before
// who reads it. A command that fails poisons its outputs; a command with a poisoned input is skipped and hands the
// poison on, so the first failure is what a reader learns, and the queue stays usable. Poison belongs to the logical
// buffer (Memory), not to its block, which may already serve another buffer.
//
// On a device whose work is unfinished when it returns, dependents of a failure do run; but nobody sees what they made:
// before a result is reported, the queue asks the device and deals out the poison as if the failure had been known.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/buffer_pool.h"
#include "core/error.h"

namespace pope {

// The first failure behind a poisoned buffer.
struct Failure {
  Error error;        // its message names op and dims
  uint64_t sequence;  // of the command that failed
};
using Poison = std::shared_ptr<const Failure>;

// Work that a command handed to another thread, and that command's number.
struct Arrival {
  std::shared_future<void> done;  // throws what failed
  uint64_t sequence = 0;
};

// One logical buffer. `block` belongs to the pushing thread; `poison` and `arrival` to the queue's thread.
struct Memory {
  Block block;  // empty after dispose, if it was not lent then
  // Uses by another thread that are not over, though the queue may have passed its last command: the block goes with this object.
  std::atomic<int> lent = 0;
  std::byte* const data;
  const size_t bytes;
  Poison poison;
  std::optional<Arrival> arrival;

  Memory(Block given, size_t bytes) : block(std::move(given)), data(block.data.get()), bytes(bytes) {}
};

struct Command {
  std::function<void()> work;
  std::vector<std::shared_ptr<Memory>> inputs = {}, outputs = {};  // null where not given
  // What the message of a failure names; null where it does so already.
  const char* op = "";
  std::vector<int64_t> dims = {};
  // Not 0: reported when the command is done.
  uint64_t ticket = 0;
  // The report has to wait for what the device may not have finished: the command brings a result to the host.
  bool reads = false;
  // Where an input is poisoned, the outputs stay as they were and get no poison.
  bool keeps = false;
  // Valid where the work only hands over to another thread, which is done when this is: what uses an input or an output next
  // waits for it. Such work also runs, and must look, where an input is poisoned: others may count on it.
  std::shared_future<void> done = {};
};

class Queue {
 public:
  // Called on the queue's thread, in order, for each command with a ticket; poison is null after success.
  using OnDone = std::function<void(uint64_t ticket, const Poison& poison)>;

  Queue(OnDone on_done, std::shared_ptr<Device> device);
  ~Queue() { abandon(); }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // Returns the command's sequence number; the first is 1.
  uint64_t push(Command command);
  // Reports `ticket` once the command of that number has finished; false, and no report, when it has already.
  bool report_after(uint64_t sequence, uint64_t ticket);
  uint64_t pushed() const;
  uint64_t pending() const;
  // Blocks until all that was pushed has finished.
  void drain();
  // Drops what has not started, waits for the command that runs and ends the thread. Idempotent.
  void abandon();

 private:
  // A command that was given to the device, without its work.
  struct Unconfirmed {
    Command command;
    uint64_t sequence;
    Poison poison;    // of its outputs, if the device has nothing to add
    uint64_t number;  // of Device::unconfirmed(), or 0
  };

  void run();
  Poison execute(Command command, uint64_t sequence);
  // Waits for what another thread does with the memory.
  void receive(Memory& memory);
  // Waits for the device and deals out the poison of what failed there; returns that of the last command.
  Poison confirm();

  const OnDone on_done_;
  const std::shared_ptr<Device> device_;
  std::vector<Unconfirmed> unconfirmed_;  // of the queue's thread; from the first that may still fail
  mutable std::mutex mutex_;
  std::condition_variable wake_, progress_;
  std::deque<Command> commands_;
  std::multimap<uint64_t, uint64_t> reports_;  // sequence -> ticket
  uint64_t pushed_ = 0, finished_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pope
