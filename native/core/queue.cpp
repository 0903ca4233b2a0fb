#include "core/queue.h"

#include <utility>

#include "core/program.h"

namespace pope {

namespace {

// So that the list of what a failure would have to be dealt out to stays short.
constexpr size_t kMaximumUnconfirmed = 4096;

Error describe(const Command& command, const Error& error) {
  return command.op ? at_op(error, command.op, command.dims) : error;
}

}  // namespace

Queue::Queue(OnDone on_done, std::shared_ptr<Device> device)
    : on_done_(std::move(on_done)), device_(std::move(device)), thread_([this] { run(); }) {}

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
      Command command = std::move(commands_.front());
      commands_.pop_front();
      lock.unlock();
      const uint64_t ticket = command.ticket;
      const Poison poison = execute(std::move(command), sequence);
      if (ticket) on_done_(ticket, poison);
    }  // what the command held is let go before anybody can see it finished
    lock.lock();
    finished_ = sequence;
    for (auto due = reports_.begin(); due != reports_.end() && due->first <= finished_; due = reports_.erase(due)) {
      on_done_(due->second, nullptr);
    }
    progress_.notify_all();
  }
}

Poison Queue::execute(Command command, uint64_t sequence) {
  if (device_->confirm_due()) confirm();
  for (const auto* list : {&command.inputs, &command.outputs}) {
    for (const auto& memory : *list) {
      if (memory && memory->arrival) receive(*memory);
    }
  }
  Poison poison;
  for (const auto& input : command.inputs) {
    if (input && input->poison) {
      poison = input->poison;
      break;
    }
  }
  if (poison && command.keeps) command.outputs.clear();
  if (!poison || command.done.valid()) {
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
  if (command.done.valid()) {
    for (const auto* list : {&command.inputs, &command.outputs}) {
      for (const auto& memory : *list) memory->arrival = {command.done, sequence};
    }
  }
  const uint64_t number = device_->unconfirmed();
  if (number == 0 && unconfirmed_.empty()) return poison;
  command.work = nullptr;
  const bool due = command.reads || unconfirmed_.size() >= kMaximumUnconfirmed;
  unconfirmed_.push_back({std::move(command), sequence, poison, number});
  return due ? confirm() : poison;
}

void Queue::receive(Memory& memory) {
  const Arrival arrival = *std::exchange(memory.arrival, std::nullopt);
  try {
    arrival.done.get();
  } catch (...) {
    memory.poison = std::make_shared<Failure>(Failure{current_error(), arrival.sequence});
    for (Unconfirmed& entry : unconfirmed_) {
      if (entry.sequence == arrival.sequence) entry.poison = memory.poison;
    }
  }
}

Poison Queue::confirm() {
  const std::vector<Unconfirmed> entries = std::exchange(unconfirmed_, {});
  std::map<uint64_t, Error> failures;
  Poison lost;  // when the device itself failed, everything is
  try {
    failures = device_->confirm();
  } catch (...) {
    if (entries.empty()) return nullptr;  // the next command meets the failure itself
    const Unconfirmed& last = entries.back();
    lost = std::make_shared<Failure>(Failure{describe(last.command, current_error()), last.sequence});
  }
  std::map<std::shared_ptr<Memory>, Poison> late;
  Poison poison;
  for (const Unconfirmed& entry : entries) {
    poison = entry.poison ? entry.poison : lost;
    for (const auto& input : entry.command.inputs) {
      const auto found = poison ? late.end() : late.find(input);
      if (found != late.end()) poison = found->second;
    }
    if (const auto found = failures.find(entry.number); found != failures.end() && !poison) {
      poison = std::make_shared<Failure>(Failure{describe(entry.command, found->second), entry.sequence});
    }
    for (const auto& output : entry.command.outputs) {
      if (output) late[output] = poison;
    }
  }
  for (const auto& [memory, found] : late) memory->poison = found;
  return poison;
}

}  // namespace pope
