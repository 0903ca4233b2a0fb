// What an op's checks leave to be done, for whatever device runs it.
#pragma once

#include <concepts>
#include <functional>
#include <utility>

#include "core/thread_pool.h"

namespace pope {

namespace cuda {
class Stream;
}

// The checked work of one call, for each kind of device that has a kernel for it. Where `cuda` is empty the op is refused
// on a GPU. A launcher gets the same arguments as the CPU kernel, with device pointers (cuda/stream.h).
struct Work {
  std::function<void(ThreadPool&)> cpu;
  std::function<void(cuda::Stream&)> cuda;

  template <std::invocable<ThreadPool&> Cpu>
  Work(Cpu cpu) : cpu(std::move(cpu)) {}
  Work(std::function<void(ThreadPool&)> cpu, std::function<void(cuda::Stream&)> cuda)
      : cpu(std::move(cpu)), cuda(std::move(cuda)) {}
};

}  // namespace pope
