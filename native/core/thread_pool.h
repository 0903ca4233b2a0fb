// The threads of the process. One pool serves every queue and every environment; its size is POPE_THREADS, else the number
// of hardware threads. No OpenMP: its runtime cannot be linked into an addon, and Apple's compiler has none.
#pragma once

#include <cstdint>
#include <functional>

namespace pope {

class ThreadPool {
 public:
  // `threads` counts the caller of parallel_for, so a pool of 1 starts no thread.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // The pool of the process, started at the first call and never destroyed: its threads may still run when static
  // destructors do.
  static ThreadPool& shared();

  int threads() const;

  // Calls body(begin, end) for the blocks [0, grain), [grain, 2 grain), ... of [0, count) and returns when all are done.
  // The blocks depend on `count` and `grain` alone, never on the number of threads: a body whose result depends only on
  // its own block gives the same bits with any POPE_THREADS. The caller takes part. All blocks run even when one
  // throws; then the exception of the lowest block is rethrown. A call from inside a body runs its blocks inline.
  void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t begin, int64_t end)>& body);

 private:
  struct Job;
  struct State;

  void run_worker();

  State* const state_;  // apart, for every kernel includes this file, and locks and threads take long to compile
};

}  // namespace pope
