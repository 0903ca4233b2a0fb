#include "cuda/device.h"

#include <utility>

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

uint64_t CudaDevice::unconfirmed() {
  std::vector<Stream::Pending> words = stream_.take_pending();
  if (words.empty()) return 0;
  unconfirmed_.push_back({++last_number_, std::move(words)});
  return last_number_;
}

std::map<uint64_t, Error> CudaDevice::confirm() {
  const std::vector<Unconfirmed> asked = std::exchange(unconfirmed_, {});
  const std::vector<RefusalWord> words = stream_.take_words();
  std::map<uint64_t, Error> failures;
  for (const Unconfirmed& work : asked) {
    for (const Stream::Pending& word : work.words) {
      const RefusalWord found = words[word.slot];
      if (reported(found)) failures.emplace(work.number, word.describe(decode_refusal(found)));
    }
  }
  return failures;
}

}  // namespace pope::cuda
