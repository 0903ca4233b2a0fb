// A GPU as the device of a queue: its own stream, memory from the driver, and the words by which kernels refuse.
#pragma once

#include "core/device.h"
#include "cuda/kept.h"
#include "cuda/stream.h"

namespace pope::cuda {

class CudaDevice final : public Device {
 public:
  std::byte* allocate(size_t bytes) override;
  void free(std::byte* data) noexcept override;
  bool host_memory() const override { return false; }
  void require_kernel(const Work& work) const override;
  void run(const Work& work) override;
  std::unique_ptr<Replay> replay(std::vector<Step> steps) override;
  void upload(void* device, const void* host, size_t bytes) override { stream_.upload(device, host, bytes); }
  void download(void* host, const void* device, size_t bytes) override { stream_.download(host, device, bytes); }
  size_t peak_scratch_bytes() const override { return stream_.peak_scratch_bytes(); }
  std::function<void()> reached() override;
  uint64_t unconfirmed() override;
  bool confirm_due() const override { return stream_.words_exhausted(); }
  std::map<uint64_t, Error> confirm() override;

  // For replays: what they run on, and that one has run.
  Stream& stream() { return stream_; }
  void replayed(std::shared_ptr<Kept> kept) { replayed_ = std::move(kept); }

 private:
  struct Unconfirmed {
    uint64_t number;
    std::vector<Stream::Pending> words;
    std::shared_ptr<Kept> kept;  // of a program that ran, or null
  };

  Stream stream_;
  uint64_t last_number_ = 0;
  std::shared_ptr<Kept> replayed_;
  std::vector<Unconfirmed> unconfirmed_;
};

}  // namespace pope::cuda
