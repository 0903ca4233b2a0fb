#include "core/queue.h"

namespace pope {

namespace {

Error describe(const Command& command, const Error& error) {
  std::string dims;
  for (const int64_t dim : command.dims) dims += (dims.empty() ? "" : ", ") + std::to_string(dim);
  const std::string where = std::string(" (op ") + command.op + ", dims [" + dims + "])";
  return Error(error.status, error.what() + where, error.index);
}

}  // namespace

Queue::Queue(OnDone on_done) : on_done_(std::move(on_done)), thread_([this] { run(); }) {}

uint64_t Queue::push(Command command) {
  std::lock_guard lock(mutex_);
  commands_.push_back(std::move(command));
  wake_.notify_one();
  return ++pushed_;
}

bool Queue::report_after(uint64_t sequence, uint64_t ticket) {
  std::lock_guard lock(mutex_);
  if (finished_ >= sequence) return false;
  reports_.emplace(sequence, ticket);
  return true;
}

uint64_t Queue::pushed() const {
  std::lock_guard lock(mutex_);
  return pushed_;
}

uint64_t Queue::pending() const {
  std::lock_guard lock(mutex_);
  return pushed_ - finished_;
}

void Queue::drain() {
  std::unique_lock lock(mutex_);
  progress_.wait(lock, [this] { return finished_ == pushed_; });
}

void Queue::abandon() {
  std::deque<Command> dropped;
  {
    std::lock_guard lock(mutex_);
    commands_.swap(dropped);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Queue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !commands_.empty(); });
    if (commands_.empty()) return;
    const uint64_t sequence = finished_ + 1;
    {
      const Command command = std::move(commands_.front());
      commands_.pop_front();
      lock.unlock();
      const Poison poison = execute(command, sequence);
      if (command.ticket) on_done_(command.ticket, poison);
    }  // what the command held is let go before anybody can see it finished
    lock.lock();
    finished_ = sequence;
    for (auto due = reports_.begin(); due != reports_.end() && due->first <= finished_; due = reports_.erase(due)) {
      on_done_(due->second, nullptr);
    }
    progress_.notify_all();
  }
}

Poison Queue::execute(const Command& command, uint64_t sequence) const {
  Poison poison;
  for (const auto& input : command.inputs) {
    if (input && input->poison) {
      poison = input->poison;
      break;
    }
  }
  if (!poison) {
    try {
      command.work();
    } catch (...) {
      poison = std::make_shared<Failure>(Failure{describe(command, current_error()), sequence});
    }
  }
  // Success clears: an op writes every element of its outputs.
  for (const auto& output : command.outputs) {
    if (output) output->poison = poison;
  }
  return poison;
}

}  // namespace pope
