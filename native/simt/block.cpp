#include "simt/block.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "simt/fiber.h"
#include "simt/tensor_core.h"

#ifdef POPE_SIMT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace simt {

thread_local constinit const Place* current_place = nullptr;

namespace {

using pope::Error;
using pope::Status;

// What TSan is told: what precedes a release of an address precedes what follows an acquire of it.
#ifdef POPE_SIMT_TSAN
void release(void* address) { __tsan_release(address); }
void acquire(void* address) { __tsan_acquire(address); }
// TSan counts allocation, memset and copies as accesses of the thread even in code that it does not instrument.
class Unseen {
 public:
  Unseen() { begin(); }
  static void begin() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unseen() { end(); }
  static void end() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
};
#else
void release(void*) {}
void acquire(void*) {}
class Unseen {
 public:
  Unseen() {}
  static void begin() {}
  static void end() {}
};
#endif

constexpr unsigned kWarp = 32;
// What a block may have on every GPU this project compiles for (sm_80, sm_90, sm_100, sm_120).
constexpr unsigned kMaximumThreads = 1024;
constexpr size_t kMaximumSharedBytes = 99 << 10;
// Without cudaFuncSetAttribute.
constexpr size_t kUsualSharedBytes = 48 << 10;

struct AllowedBytes {
  std::mutex mutex;
  std::map<const void*, size_t> of_kernel;
};
AllowedBytes& allowed_bytes() {
  static AllowedBytes allowed;
  return allowed;
}

std::string text(const uint3& at) {
  return "(" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}

bool same(const std::source_location& a, const std::source_location& b) {
  return a.line() == b.line() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

std::string text(const std::source_location& where) {
  const std::string path = where.file_name();
  return path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(where.line());
}

// Threads that wait for each other: those of a block at __syncthreads, or the lanes of one mask at a warp function.
struct Meeting {
  unsigned expected = 0;
  std::vector<unsigned> waiting;
  std::source_location where;
  uint64_t generation = 0;
};

struct WarpMeeting : Meeting {
  unsigned mask = 0;
  // Two, by generation: a lane may come to the next exchange while another still reads this one.
  Exchange values[2];
};

struct Thread {
  Place place;
  unsigned number = 0;
  Fiber fiber;
  const Meeting* meeting = nullptr;  // where it waits
  std::deque<std::pair<AsyncCopy, uint64_t>> copies;  // begun, with the number of their group
  uint64_t copy_group = 0;
};

class Block {
 public:
  void run(const Place& place, size_t dynamic_bytes, size_t allowed_bytes, const std::function<void()>& kernel);
  void sync(const std::source_location& where) { meet(*all_, true, "__syncthreads", where); }
  // Waits until all have come. Only a barrier orders what the threads read and write in memory.
  void meet(Meeting& meeting, bool orders_memory, const char* what, const std::source_location& where);
  WarpMeeting& warp_meeting(unsigned mask, const char* what, const std::source_location& where);
  void* shared_array(const void* site, size_t bytes);
  [[noreturn]] void refuse(const std::string& why);

  Thread* thread = nullptr;  // that runs
  char launch_start = 0, launch_end = 0;  // addresses for release and acquire: blocks of one launch are not ordered

 private:
  void advance(Thread& next);
  void wait();
  [[noreturn]] void report() const;

  Place place_;
  unsigned size_ = 0, finished_ = 0;
  const std::function<void()>* kernel_ = nullptr;
  std::string refusal_;
  std::unique_ptr<Meeting> all_;
  std::vector<std::unique_ptr<Thread>> threads_;  // reused from block to block, as many as the largest had
  std::deque<unsigned> ready_;
  std::vector<std::deque<WarpMeeting>> warps_;  // by warp: one for each mask that was used
  std::map<const void*, std::unique_ptr<std::byte[]>> shared_;
  size_t shared_bytes_ = 0;
};

// Per OS thread, so that two of them may launch at once.
thread_local Block block;

void Block::run(const Place& place, size_t dynamic_bytes, size_t allowed_bytes, const std::function<void()>& kernel) {
  place_ = place;
  kernel_ = &kernel;
  size_ = place.block_size.x * place.block_size.y * place.block_size.z;
  finished_ = 0;
  refusal_.clear();
  all_ = std::make_unique<Meeting>();
  all_->expected = size_;
  warps_.assign((size_ + kWarp - 1) / kWarp, {});
  shared_bytes_ = 0;
  shared_.clear();
  shared_array(nullptr, dynamic_bytes);
  ready_.clear();
  while (threads_.size() < size_) threads_.push_back(std::make_unique<Thread>());
  for (unsigned number = 0; number < size_; ++number) {
    Thread& next = *threads_[number];
    const unsigned x = place.block_size.x, y = place.block_size.y;
    next.number = number;
    next.place = place;
    next.place.thread = {number % x, number / x % y, number / (x * y)};
    next.meeting = nullptr;
    next.copies.clear();
    next.fiber.start(
        [](void* self) {
          auto* const block = static_cast<Block*>(self);
          acquire(&block->launch_start);
          (*block->kernel_)();
          release(&block->launch_end);
        },
        this);
    ready_.push_back(number);
  }
  if (runs_backward()) std::ranges::reverse(ready_);
  while (!ready_.empty() && refusal_.empty()) {
    Thread& next = *threads_[ready_.front()];
    ready_.pop_front();
    advance(next);
  }
  acquire(&launch_end);
  if (finished_ < size_) report();
  if (dynamic_bytes > allowed_bytes && shared_bytes_ > kUsualSharedBytes) {
    throw Error(Status::internal, "a kernel takes " + std::to_string(shared_bytes_) + " bytes of shared memory, of which " +
                                      std::to_string(dynamic_bytes) + " are dynamic: above 48 KiB it needs allow_shared");
  }
}

void Block::advance(Thread& next) {
  thread = &next;
  current_place = &next.place;
  next.meeting = nullptr;
  next.fiber.resume();
  thread = nullptr;
  current_place = nullptr;
  if (next.fiber.finished()) ++finished_;
}

void Block::meet(Meeting& meeting, bool orders_memory, const char* what, const std::source_location& where) {
  if (meeting.waiting.empty()) {
    meeting.where = where;
  } else if (!same(meeting.where, where)) {
    refuse(std::string(what) + " at " + text(where) + ", while thread " + std::to_string(meeting.waiting.front()) +
           " waits for it at " + text(meeting.where));
  }
  if (orders_memory) release(&meeting);
  meeting.waiting.push_back(thread->number);
  thread->meeting = &meeting;
  if (meeting.waiting.size() == meeting.expected) {
    // The last to come goes on behind the others, in the order of arrival.
    ready_.insert(ready_.end(), meeting.waiting.begin(), meeting.waiting.end());
    meeting.waiting.clear();
    ++meeting.generation;
  }
  wait();
  if (orders_memory) acquire(&meeting);
}

WarpMeeting& Block::warp_meeting(unsigned mask, const char* what, const std::source_location& where) {
  const unsigned first = thread->number / kWarp * kWarp, lane = thread->number % kWarp;
  if (!(mask >> lane & 1)) refuse(std::string(what) + " at " + text(where) + " with a mask that lacks its own lane");
  // Lanes beyond the block do not exist on a GPU either; one that has returned is waited for in vain, and reported.
  const unsigned lanes = std::min(kWarp, size_ - first);
  std::deque<WarpMeeting>& meetings = warps_[first / kWarp];
  const auto found = std::ranges::find(meetings, mask, &WarpMeeting::mask);
  if (found != meetings.end()) return *found;
  WarpMeeting& meeting = meetings.emplace_back();
  meeting.mask = mask;
  meeting.expected = static_cast<unsigned>(std::popcount(lanes == kWarp ? mask : mask & ((1u << lanes) - 1)));
  for (Exchange& values : meeting.values) std::memset(&values, 0xCD, sizeof values);
  return meeting;
}

void* Block::shared_array(const void* site, size_t bytes) {
  std::unique_ptr<std::byte[]>& array = shared_[site];
  if (!array) {
    shared_bytes_ += bytes;
    if (shared_bytes_ > kMaximumSharedBytes) refuse("asks for more than 99 KiB of shared memory");
    array = std::make_unique_for_overwrite<std::byte[]>(bytes);
    std::memset(array.get(), 0xCD, bytes);
  }
  return array.get();
}

// Stops the block: on a fiber by never coming back to it, for no exception may cross from one stack to another.
void Block::refuse(const std::string& why) {
  if (!thread) throw Error(Status::internal, "a kernel " + why);
  refusal_ = "thread " + std::to_string(thread->number) + " reached " + why;
  for (;;) wait();
}

void Block::wait() {
  // In case it never comes back: the launch has seen what it did, and its fiber will run another kernel, to be seen.
  release(&launch_end);
  Unseen::end();
  thread->fiber.suspend();
  Unseen::begin();
}

void Block::report() const {
  std::string message = "a kernel cannot go on in block " + text(place_.block) + ": ";
  if (!refusal_.empty()) throw Error(Status::internal, message + refusal_);
  std::map<std::string, std::vector<unsigned>> waiting;
  for (unsigned number = 0; number < size_; ++number) {
    if (const Meeting* meeting = threads_[number]->meeting) waiting[text(meeting->where)].push_back(number);
  }
  for (const auto& [where, numbers] : waiting) {
    message += std::to_string(numbers.size()) + " threads, the first " + std::to_string(numbers.front()) +
               ", wait at " + where + "; ";
  }
  throw Error(Status::internal,
              message + std::to_string(finished_) + " of " + std::to_string(size_) + " threads have returned");
}

}  // namespace

void allow_dynamic_bytes(const void* kernel, size_t bytes) {
  std::lock_guard lock(allowed_bytes().mutex);
  allowed_bytes().of_kernel[kernel] = bytes;
}

bool runs_backward() {
  static const bool backward = [] {
    const char* order = std::getenv("POPE_SIMT_ORDER");
    return order && std::string_view(order) == "backward";
  }();
  return backward;
}

void run_grid(const void* name, dim3 grid, dim3 size, size_t dynamic_bytes, const std::function<void()>& kernel) {
  const uint64_t threads = uint64_t{size.x} * size.y * size.z;
  if (threads == 0 || threads > kMaximumThreads || size.z > 64 || grid.x == 0 || grid.x > 0x7fffffffu || grid.y == 0 ||
      grid.y > 65535 || grid.z == 0 || grid.z > 65535) {
    throw Error(Status::internal, "a kernel was launched on a grid " + text(uint3{grid.x, grid.y, grid.z}) +
                                      " of blocks " + text(uint3{size.x, size.y, size.z}) + ", which no GPU accepts");
  }
  const Unseen unseen;
  size_t allowed = 0;
  {
    std::lock_guard lock(allowed_bytes().mutex);
    const auto found = allowed_bytes().of_kernel.find(name);
    if (found != allowed_bytes().of_kernel.end()) allowed = found->second;
  }
  release(&block.launch_start);
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint64_t number = runs_backward() ? blocks - 1 - i : i, row = number / grid.x;
    const uint3 at{static_cast<unsigned>(number % grid.x), static_cast<unsigned>(row % grid.y),
                   static_cast<unsigned>(row / grid.y)};
    block.run({{}, at, size, grid}, dynamic_bytes, allowed, kernel);
  }
}

void sync_block(const std::source_location& where) {
  const Unseen unseen;
  block.sync(where);
}

void sync_warp(unsigned mask, const std::source_location& where) {
  const Unseen unseen;
  block.meet(block.warp_meeting(mask, "__syncwarp", where), true, "__syncwarp", where);
}

const Exchange& exchange(unsigned mask, const uint64_t* words, int count, const std::source_location& where) {
  const Unseen unseen;
  WarpMeeting& meeting = block.warp_meeting(mask, "a warp function", where);
  Exchange& values = meeting.values[meeting.generation % 2];
  std::copy_n(words, count, values.words[lane()]);
  block.meet(meeting, false, "a warp function", where);
  return values;
}

int lane() { return static_cast<int>(block.thread->number % kWarp); }

void* shared_array(const void* site, size_t bytes) {
  const Unseen unseen;
  return block.shared_array(site, bytes);
}

void* dynamic_shared_array() { return block.shared_array(nullptr, 0); }

void require_boundary(const void* address, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(address) % bytes == 0) return;
  const Unseen unseen;
  block.refuse("an access of " + std::to_string(bytes) + " bytes at once that are not on a boundary of as many");
}

void queue_copy(const AsyncCopy& copy) {
  const Unseen unseen;
  block.thread->copies.emplace_back(copy, block.thread->copy_group);
}

void end_copy_group() { ++block.thread->copy_group; }

bool take_copy(int pending, AsyncCopy& copy) {
  const Unseen unseen;
  Thread& thread = *block.thread;
  if (thread.copies.empty() || thread.copies.front().second + pending >= thread.copy_group) return false;
  copy = thread.copies.front().first;
  thread.copies.pop_front();
  return true;
}

}  // namespace simt
