#include "cuda/stream.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "cuda/kept.h"
#include "cuda/runtime.h"
#include "cuda/staging.h"

namespace pope::cuda {

namespace {

// Ops that can refuse between two waits; few on the host, so that a test gets there.
#ifdef POPE_SIMT
constexpr size_t kWords = 64;
#else
constexpr size_t kWords = 1024;
#endif
constexpr size_t kWordsOfOneOp = 8;
constexpr int kReasonBits = 8;
constexpr RefusalWord kNothing = ~RefusalWord{0};

void require_device() {
  static const std::string reason = runtime::probe().reason;  // a driver does not come while a process runs
  if (!reason.empty()) throw Error(Status::unsupported, "the device cuda is not available: " + reason);
}

}  // namespace

bool reported(RefusalWord word) { return word != kNothing; }

Refusal decode_refusal(RefusalWord word) {
  return {static_cast<uint32_t>(word & ((1u << kReasonBits) - 1)), static_cast<int64_t>(word >> kReasonBits)};
}

struct Stream::State {
  std::unique_ptr<Staging> made;  // at the first transfer
  std::atomic<size_t> peak_scratch_bytes = 0;

  Staging& staging() {
    if (!made) made = std::make_unique<Staging>();
    return *made;
  }
};

Stream::Stream() : owned_(true) {
  require_device();
  properties_ = runtime::properties();
  handle_ = runtime::create_stream();
  state_ = new State;
}

Stream::Stream(StreamHandle handle) : owned_(false), handle_(handle) {
  require_device();
  properties_ = runtime::properties();
  state_ = new State;
}

Stream::~Stream() {
  if (words_) free(words_);
  if (owned_) {
    try {
      wait();
    } catch (const Error&) {
      // The device has failed; what was enqueued is lost with it.
    }
  }
  delete state_;
  if (owned_) runtime::destroy_stream(handle_);
}

int Stream::blocks(int64_t count, int threads) const {
  constexpr int64_t kPerMultiprocessor = 8;
  const int64_t needed = (count + threads - 1) / threads;
  return static_cast<int>(std::clamp<int64_t>(needed, 1, kPerMultiprocessor * properties_.multiprocessors));
}

void Stream::upload(void* device, const void* host, size_t bytes) {
  if (kept_) throw Error(Status::unsupported, "a program cannot hold an op that copies from the host");
  state_->staging().upload(device, host, bytes, handle_);
}

void Stream::download(void* host, const void* device, size_t bytes) {
  state_->staging().download(host, device, bytes, handle_);
}

void Stream::copy(void* to, const void* from, size_t bytes) { runtime::copy(to, from, bytes, handle_); }

void Stream::fill_bytes(void* device, int value, size_t bytes) { runtime::fill_bytes(device, value, bytes, handle_); }

void* Stream::allocate(size_t bytes) {
  const auto take = [this, bytes = std::max<size_t>(bytes, 1)] {
    return kept_ ? kept_->allocate(bytes) : runtime::allocate(bytes, handle_);
  };
  void* data = take();
  if (!data) {
    runtime::wait(handle_);
    runtime::trim();
    data = take();
  }
  if (!data) {
    throw Error(Status::out_of_memory, "the GPU has no " + std::to_string(bytes) +
                                           " bytes left for the intermediate values of a kernel; use smaller batches");
  }
  return data;
}

void Stream::free(void* data) noexcept { kept_ ? kept_->free(data) : runtime::free(data, handle_); }

void* Stream::allocate_scratch(size_t bytes) {
  void* data = allocate(bytes);
  scratch_bytes_ += bytes;
  if (scratch_bytes_ > state_->peak_scratch_bytes) state_->peak_scratch_bytes = scratch_bytes_;
  return data;
}

size_t Stream::peak_scratch_bytes() const { return state_->peak_scratch_bytes; }

void Stream::free_scratch(void* data, size_t bytes) noexcept {
  scratch_bytes_ -= bytes;
  free(data);
}

RefusalWord* Stream::refusals(DescribeRefusal describe) {
  if (kept_) return kept_->refusals(std::move(describe));
  if (!words_) {
    words_ = static_cast<RefusalWord*>(allocate(kWords * sizeof(RefusalWord)));
    fill_bytes(words_, 0xff, kWords * sizeof(RefusalWord));
  }
  if (used_words_ == kWords) throw Error(Status::internal, "an op asked for too many refusal words");
  pending_.push_back({used_words_, std::move(describe)});
  return words_ + used_words_++;
}

bool Stream::words_exhausted() const { return used_words_ + kWordsOfOneOp > kWords; }

void Stream::check_launches() { runtime::check_launches(); }

void Stream::wait() { runtime::wait(handle_); }

std::vector<RefusalWord> Stream::take_words() {
  std::vector<RefusalWord> words(used_words_);
  if (words.empty()) {
    wait();
    return words;
  }
  const size_t bytes = words.size() * sizeof(RefusalWord);
  download(words.data(), words_, bytes);
  fill_bytes(words_, 0xff, bytes);
  used_words_ = 0;
  return words;
}

}  // namespace pope::cuda
