// What work that runs again and again on a stream keeps from run to run, because a graph of its launches holds the
// addresses: its scratch memory, and the words by which its kernels refuse.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/program.h"
#include "cuda/stream.h"

namespace pope::cuda {

class Kept {
 public:
  explicit Kept(Stream& stream);
  ~Kept();
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  // Before a pass over the steps, before each of them, and after the first pass that ran to its end: later ones get the
  // same addresses in the same order and allocate nothing.
  void begin_pass();
  void begin_step(const Step& step) { step_ = &step; }
  void seal() { sealed_ = true; }

  // nullptr when there is no more memory.
  void* allocate(size_t bytes);
  void free(void* data);
  RefusalWord* refusals(DescribeRefusal describe);

  // Waits; the failure of the first step that reported one since the last call.
  std::optional<Error> take_failure();

 private:
  Stream& stream_;
  const Step* step_ = nullptr;
  std::multimap<size_t, void*> free_;
  std::map<void*, size_t> blocks_;
  std::vector<void*> given_;  // in the order of a pass
  size_t next_ = 0;           // of a sealed one
  bool sealed_ = false;
  RefusalWord* words_ = nullptr;
  std::vector<DescribeRefusal> descriptions_;
};

}  // namespace pope::cuda
