#include "core/device.h"

#include <cstring>
#include <new>
#include <utility>

#include "core/program.h"

namespace pope {

namespace {

constexpr std::align_val_t kCacheLine{64};
constexpr size_t kPage = 4096;

class CpuReplay final : public Replay {
 public:
  explicit CpuReplay(std::vector<Step> steps) : steps_(std::move(steps)) {}

  void run() override {
    for (const Step& step : steps_) {
      try {
        step.work.cpu(ThreadPool::shared());
      } catch (...) {
        throw at_op(current_error(), step.op, step.dims);
      }
    }
  }

 private:
  const std::vector<Step> steps_;
};

class DryReplay final : public Replay {
 public:
  void run() override {}
};

}  // namespace

std::byte* CpuDevice::allocate(size_t bytes) {
  return static_cast<std::byte*>(::operator new(bytes, kCacheLine, std::nothrow));
}

void CpuDevice::free(std::byte* data) noexcept { ::operator delete(data, kCacheLine); }

void CpuDevice::require_kernel(const Work& work) const {
  if (!work.cpu) throw Error(Status::unsupported, "there is no kernel for the device cpu");
}

std::unique_ptr<Replay> CpuDevice::replay(std::vector<Step> steps) {
  return std::make_unique<CpuReplay>(std::move(steps));
}

void CpuDevice::upload(void* device, const void* host, size_t bytes) { std::memcpy(device, host, bytes); }

void CpuDevice::download(void* host, const void* device, size_t bytes) { std::memcpy(host, device, bytes); }

std::byte* DryDevice::allocate(size_t bytes) {
  const uintptr_t address = next_;
  next_ += (bytes + kPage - 1) / kPage * kPage;
  return reinterpret_cast<std::byte*>(address);
}

std::unique_ptr<Replay> DryDevice::replay(std::vector<Step>) { return std::make_unique<DryReplay>(); }

}  // namespace pope
