#include "core/buffer_pool.h"

#include <algorithm>

namespace pope {

namespace {

constexpr size_t kLine = 64;
constexpr size_t kMaximumBytes = size_t{1} << 62;  // so that rounding and doubling cannot overflow

size_t capacity_for(size_t bytes) { return std::max((bytes + kLine - 1) / kLine * kLine, kLine); }

}  // namespace

Block BufferPool::allocate(size_t bytes) {
  if (bytes > kMaximumBytes) return {};
  const size_t capacity = capacity_for(bytes);
  Block block;
  if (const auto found = free_.lower_bound(capacity); found != free_.end() && found->first <= 2 * capacity) {
    block = std::move(found->second);
    free_.erase(found);
  } else {
    block.data = {device_->allocate(capacity), DeviceDelete{device_}};
    if (!block.data) return {};
    block.capacity = capacity;
    pool_bytes_ += capacity;
  }
  ++live_buffers_;
  live_bytes_ += bytes;
  peak_bytes_ = std::max(peak_bytes_, live_bytes_);
  return block;
}

void BufferPool::release(Block block, size_t bytes) {
  --live_buffers_;
  live_bytes_ -= bytes;
  if (closed_) {
    pool_bytes_ -= block.capacity;
  } else {
    const size_t capacity = block.capacity;
    free_.emplace(capacity, std::move(block));
  }
}

std::vector<Block> BufferPool::take_free() {
  std::vector<Block> blocks;
  for (auto& [capacity, block] : free_) {
    pool_bytes_ -= capacity;
    blocks.push_back(std::move(block));
  }
  free_.clear();
  return blocks;
}

void BufferPool::close() {
  closed_ = true;
  take_free();
}

}  // namespace pope
