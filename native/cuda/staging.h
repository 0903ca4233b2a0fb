// Copies between pageable host memory and a device through two blocks of pinned memory: while one is in flight, the
// processor works on the other.
#pragma once

#include <array>
#include <cstddef>

#include "cuda/runtime.h"

namespace pope::cuda {

class Staging {
 public:
  Staging();
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // `host` has been read when it returns; the device gets it in stream order.
  void upload(void* device, const void* host, size_t bytes, StreamHandle stream);
  // Waits for all earlier work on the stream; `host` is written when it returns.
  void download(void* host, const void* device, size_t bytes, StreamHandle stream);

 private:
  struct Slot {
    std::byte* data = nullptr;
    runtime::Event event = nullptr;
  };

  void release() noexcept;

  std::array<Slot, 2> slots_;
  size_t next_ = 0;
};

}  // namespace pope::cuda
