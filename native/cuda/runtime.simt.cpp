// A GPU whose memory is the host's and whose kernels have finished when they are launched. Blocks are exactly as large
// as asked for, so that AddressSanitizer sees what goes beyond them, and hold NaN at first. The environment variable
// POPE_SIMT_MEMORY bounds the bytes of the device, for tests of what happens when it is full.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

#include "cuda/runtime.h"
#include "simt/simt.h"

namespace pope::cuda::runtime {

namespace {

constexpr std::align_val_t kAlignment{256};  // of cudaMalloc

std::mutex mutex;
std::unordered_map<void*, size_t>& live_blocks() {
  static std::unordered_map<void*, size_t> blocks;
  return blocks;
}
size_t live_bytes = 0;

size_t capacity() {
  const char* text = std::getenv("POPE_SIMT_MEMORY");
  return text ? std::strtoull(text, nullptr, 10) : SIZE_MAX;
}

}  // namespace

Probe probe() { return {.reason = "", .devices = {{"host (SIMT)", 8, 0, capacity(), 1}}}; }

DeviceProperties properties() { return {.multiprocessors = 2, .compute_major = 8, .compute_minor = 0}; }

void* allocate(size_t bytes) {
  std::lock_guard lock(mutex);
  if (bytes > capacity() - std::min(capacity(), live_bytes)) return nullptr;
  void* data = ::operator new(bytes, kAlignment, std::nothrow);
  if (!data) return nullptr;
  std::memset(data, 0xff, bytes);
  live_blocks().emplace(data, bytes);
  live_bytes += bytes;
  return data;
}

void free(void* data) noexcept {
  std::lock_guard lock(mutex);
  const auto found = live_blocks().find(data);
  if (found == live_blocks().end()) return;
  live_bytes -= found->second;
  live_blocks().erase(found);
  ::operator delete(data, kAlignment);
}

void* allocate(size_t bytes, StreamHandle) { return allocate(bytes); }
void free(void* data, StreamHandle) noexcept { free(data); }
void trim() noexcept {}

void* allocate_pinned(size_t bytes) { return ::operator new(bytes); }
void free_pinned(void* data) noexcept { ::operator delete(data); }

StreamHandle create_stream() { return nullptr; }
void destroy_stream(StreamHandle) noexcept {}
void wait(StreamHandle) {}

Event create_event() { return nullptr; }
void destroy_event(Event) noexcept {}
void record(Event, StreamHandle) {}
void wait(Event) {}
bool finished(Event) { return true; }

void copy(void* to, const void* from, size_t bytes, StreamHandle) {
  simt::run_or_capture([=] {
    if (bytes > 0) std::memmove(to, from, bytes);
  });
}

void fill_bytes(void* data, int value, size_t bytes, StreamHandle) {
  simt::run_or_capture([=] {
    if (bytes > 0) std::memset(data, value, bytes);
  });
}

// A graph is the list of what was captured.
void begin_capture(StreamHandle) { simt::captured = new simt::Captured; }
Graph end_capture(StreamHandle) { return std::exchange(simt::captured, nullptr); }
void abandon_capture(StreamHandle) noexcept { delete std::exchange(simt::captured, nullptr); }
void launch(Graph graph, StreamHandle) {
  for (const auto& work : *static_cast<simt::Captured*>(graph)) work();
}
void destroy_graph(Graph graph) noexcept { delete static_cast<simt::Captured*>(graph); }

void check_launches() {}

}  // namespace pope::cuda::runtime
