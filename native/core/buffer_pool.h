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
  // A pool whose blocks come from `parent` and go back to it after close(), but are nobody else's in between.
  explicit BufferPool(std::shared_ptr<BufferPool> parent) : device_(parent->device_), parent_(std::move(parent)) {}

  // A block of at least `bytes` (a free one of at most twice that when there is one), or one without data when the device
  // has no more memory. Throws when the device itself failed.
  Block allocate(size_t bytes);
  // Takes back a block of a buffer of `bytes`. After close() it goes to the parent or the system.
  void release(Block block, size_t bytes);
  // Counts no more a block of a buffer of `bytes` that its owner keeps and frees by itself.
  void part_with(const Block& block, size_t bytes);
  // The free blocks, which then belong to the caller: the queue must have passed their last use before they are freed.
  std::vector<Block> take_free();
  void close();

  const Device& device() const { return *device_; }
  int64_t live_buffers() const { return live_buffers_; }
  size_t live_bytes() const { return live_bytes_; }
  size_t pool_bytes() const { return pool_bytes_; }
  size_t peak_bytes() const { return peak_bytes_; }

 private:
  Block take(size_t capacity);
  void give(Block block);
  BufferPool& root() { return parent_ ? parent_->root() : *this; }

  const std::shared_ptr<Device> device_;
  const std::shared_ptr<BufferPool> parent_;
  std::multimap<size_t, Block> free_;  // by capacity
  bool closed_ = false;
  // Of this pool and those below it.
  int64_t live_buffers_ = 0;
  size_t live_bytes_ = 0, pool_bytes_ = 0, peak_bytes_ = 0;
};

}  // namespace pope
