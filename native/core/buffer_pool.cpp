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
  Block block = take(capacity_for(bytes));
  if (!block.data) return {};
  BufferPool& all = root();
  ++all.live_buffers_;
  all.live_bytes_ += bytes;
  all.peak_bytes_ = std::max(all.peak_bytes_, all.live_bytes_);
  return block;
}

void BufferPool::release(Block block, size_t bytes) {
  BufferPool& all = root();
  --all.live_buffers_;
  all.live_bytes_ -= bytes;
  give(std::move(block));
}

void BufferPool::part_with(const Block& block, size_t bytes) {
  BufferPool& all = root();
  --all.live_buffers_;
  all.live_bytes_ -= bytes;
  all.pool_bytes_ -= block.capacity;
}

Block BufferPool::take(size_t capacity) {
  Block block;
  if (const auto found = free_.lower_bound(capacity); found != free_.end() && found->first <= 2 * capacity) {
    block = std::move(found->second);
    free_.erase(found);
  } else if (parent_) {
    block = parent_->take(capacity);
  } else {
    block.data = {device_->allocate(capacity), DeviceDelete{device_}};
    if (!block.data) return {};
    block.capacity = capacity;
    pool_bytes_ += capacity;
  }
  return block;
}

void BufferPool::give(Block block) {
  const size_t capacity = block.capacity;
  if (!closed_) {
    free_.emplace(capacity, std::move(block));
  } else if (parent_) {
    parent_->give(std::move(block));
  } else {
    pool_bytes_ -= capacity;
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
  if (!parent_) {
    take_free();
    return;
  }
  for (auto& [capacity, block] : free_) parent_->give(std::move(block));
  free_.clear();
}

}  // namespace pope
