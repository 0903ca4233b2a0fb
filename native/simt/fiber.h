// A flow of control with its own stack, switched by hand on one OS thread: how a CUDA thread runs on the host.
#pragma once

#include <cstddef>

namespace simt {

class Fiber {
 public:
  using Entry = void (*)(void*);

  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The next resume() calls entry(argument) on an empty stack. A fiber that was suspended is forgotten where it stood:
  // destructors of what its stack holds do not run.
  void start(Entry entry, void* argument);

  // Runs the fiber until it suspends or its entry returns, which must not throw.
  void resume();
  bool finished() const { return finished_; }

  // Back to who resumed; called on the fiber itself.
  void suspend();

 private:
  static void main();
  void prepare_stack();
  void switch_stack(bool into);

  std::byte* stack_;
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  bool finished_ = true;
  void* own_context_ = nullptr;
  void* caller_context_ = nullptr;
  // What the sanitizers know about a stack: the shadow of ASan's fake stack, TSan's record of a thread.
  void* own_shadow_ = nullptr;
  void* caller_shadow_ = nullptr;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_size_ = 0;
  void* own_record_ = nullptr;
  void* caller_record_ = nullptr;
};

}  // namespace simt
