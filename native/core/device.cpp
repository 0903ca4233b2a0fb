#include "core/device.h"

#include <cstring>
#include <new>

namespace pope {

namespace {

constexpr std::align_val_t kCacheLine{64};

}  // namespace

std::byte* CpuDevice::allocate(size_t bytes) {
  return static_cast<std::byte*>(::operator new(bytes, kCacheLine, std::nothrow));
}

void CpuDevice::free(std::byte* data) noexcept { ::operator delete(data, kCacheLine); }

void CpuDevice::require_kernel(const Work& work) const {
  if (!work.cpu) throw Error(Status::unsupported, "there is no kernel for the device cpu");
}

void CpuDevice::upload(void* device, const void* host, size_t bytes) { std::memcpy(device, host, bytes); }

void CpuDevice::download(void* host, const void* device, size_t bytes) { std::memcpy(host, device, bytes); }

}  // namespace pope
