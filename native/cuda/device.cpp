#include "cuda/device.h"

#include <set>
#include <utility>

#include "cuda/replay.h"
#include "cuda/runtime.h"

namespace pope::cuda {

std::byte* CudaDevice::allocate(size_t bytes) {
  void* data = runtime::allocate(bytes);
  if (!data) {
    runtime::trim();
    data = runtime::allocate(bytes);
  }
  return static_cast<std::byte*>(data);
}

void CudaDevice::free(std::byte* data) noexcept { runtime::free(data); }

void CudaDevice::require_kernel(const Work& work) const {
  if (!work.cuda) throw Error(Status::unsupported, "there is no kernel for the device cuda yet; use the device cpu");
}

void CudaDevice::run(const Work& work) {
  work.cuda(stream_);
  stream_.check_launches();
}

std::unique_ptr<Replay> CudaDevice::replay(std::vector<Step> steps) {
  return std::make_unique<CudaReplay>(std::move(steps), *this);
}

std::function<void()> CudaDevice::reached() {
  const std::shared_ptr<void> event(runtime::create_event(), runtime::destroy_event);
  runtime::record(event.get(), stream_.handle());
  return [event] { runtime::wait(event.get()); };
}

uint64_t CudaDevice::unconfirmed() {
  std::vector<Stream::Pending> words = stream_.take_pending();
  std::shared_ptr<Kept> kept = std::exchange(replayed_, nullptr);
  if (words.empty() && !kept) return 0;
  unconfirmed_.push_back({++last_number_, std::move(words), std::move(kept)});
  return last_number_;
}

std::map<uint64_t, Error> CudaDevice::confirm() {
  const std::vector<Unconfirmed> asked = std::exchange(unconfirmed_, {});
  const std::vector<RefusalWord> words = stream_.take_words();
  std::map<uint64_t, Error> failures;
  std::set<const Kept*> asked_of;
  for (const Unconfirmed& work : asked) {
    for (const Stream::Pending& word : work.words) {
      const RefusalWord found = words[word.slot];
      if (reported(found)) failures.emplace(work.number, word.describe(decode_refusal(found)));
    }
    // The runs of a program share their words: what one of them reported is taken to be the first one's.
    if (!work.kept || !asked_of.insert(work.kept.get()).second) continue;
    if (const std::optional<Error> failure = work.kept->take_failure()) failures.emplace(work.number, *failure);
  }
  return failures;
}

}  // namespace pope::cuda
