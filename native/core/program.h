// Work that is recorded once and then run again and again, in the same order and on the same memory, such as the step that
// draws a token. A device may make more of it than a list: a GPU keeps a graph of its launches and starts all of them at once.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "core/device.h"
#include "core/error.h"

namespace pope {

struct Memory;

struct Step {
  Work work;
  const char* op;
  std::vector<int64_t> dims;
};

// The error with the op that failed and its dims.
Error at_op(const Error& error, const char* op, const std::vector<int64_t>& dims);

// What a device makes of steps. run() is called on the queue's thread; it throws what at_op says.
class Replay {
 public:
  virtual ~Replay() = default;
  virtual void run() = 0;
};

struct Program {
  std::shared_ptr<Device> device;  // outlives the replay
  std::unique_ptr<Replay> replay;
  // What a run reads that is not its own, and what it leaves to be read; memory that came and went inside is neither.
  std::vector<std::shared_ptr<Memory>> inputs, outputs;
};

// The making of a program, op by op.
class Recording {
 public:
  using Buffers = std::vector<std::shared_ptr<Memory>>;  // null where not given

  void add(Step step, const Buffers& inputs, const Buffers& outputs);
  std::shared_ptr<Program> finish(std::shared_ptr<Device> device);

 private:
  std::vector<Step> steps_;
  std::set<std::shared_ptr<Memory>> read_, written_;  // read: before it was written
};

}  // namespace pope
