// Memory of a device: blocks, kept for reuse. Not thread-safe: one thread (JavaScript's) allocates
// and releases. A block may be released while work on it is still queued, because whoever gets it next also works through
// the queue, later in its order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/device.h"

namespace pope {

struct DeviceDelete {
  std::shared_ptr<Device> device;
  void operator()(std::byte* data) const { device->free(data); }
};

struct Block {
  std::unique_ptr<std::byte, DeviceDelete> data;
  size_t capacity = 0;
};

class BufferPool {
 public:
  explicit BufferPool(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  // A block of at least `bytes` (a free one of at most twice that when there is one), or one without data when the device
  // has no more memory. Throws when the device itself failed.
  Block allocate(size_t bytes);
  // Takes back a block of a buffer of `bytes`. After close() it goes to the system.
  void release(Block block, size_t bytes);
  // The free blocks, which then belong to the caller: the queue must have passed their last use before they are freed.
  std::vector<Block> take_free();
  void close();

  int64_t live_buffers() const { return live_buffers_; }
  size_t live_bytes() const { return live_bytes_; }
  size_t pool_bytes() const { return pool_bytes_; }
  size_t peak_bytes() const { return peak_bytes_; }

 private:
  const std::shared_ptr<Device> device_;
  std::multimap<size_t, Block> free_;  // by capacity
  bool closed_ = false;
  int64_t live_buffers_ = 0;
  size_t live_bytes_ = 0, pool_bytes_ = 0, peak_bytes_ = 0;
};

}  // namespace pope
