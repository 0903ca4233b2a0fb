// What a queue runs on, and whose memory its buffers are.
//
// Memory is given and taken on the thread that pushes commands; everything else is called on the queue's thread. Work may
// be unfinished when run() returns (a GPU): then it stays in order with what follows, and what it finds wrong is asked
// for later, by the number that unconfirmed() gave it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/error.h"
#include "core/work.h"

namespace pope {

class Replay;
struct Step;

class Device {
 public:
  virtual ~Device() = default;

  // nullptr when there is no more memory. `free` waits until nothing uses it.
  virtual std::byte* allocate(size_t bytes) = 0;
  virtual void free(std::byte* data) noexcept = 0;
  // Whether buffers are memory that the host's code can read and write.
  virtual bool host_memory() const = 0;
  // Throws unsupported, without an op's name, when there is no kernel for this device in `work`.
  virtual void require_kernel(const Work& work) const = 0;

  virtual void run(const Work& work) = 0;
  // The steps as something to run again and again (core/program.h). This device outlives it.
  virtual std::unique_ptr<Replay> replay(std::vector<Step> steps) = 0;
  // The most bytes that kernels had between them at a time for what they compute on the way, beside the buffers.
  virtual size_t peak_scratch_bytes() const { return 0; }

  // Host to device: `host` has been read when it returns.
  virtual void upload(void* device, const void* host, size_t bytes) = 0;
  // Device to host, after all that came before.
  virtual void download(void* host, const void* device, size_t bytes) = 0;

  // Waits, on any thread, until all that was run so far has finished; null where it has already.
  virtual std::function<void()> reached() { return nullptr; }

  // A number for what was run since the last call when it may still fail, else 0.
  virtual uint64_t unconfirmed() { return 0; }
  // No more work may be run before confirm().
  virtual bool confirm_due() const { return false; }
  // Waits for all work and returns the failures among the unconfirmed, by number. Throws when the device itself failed.
  virtual std::map<uint64_t, Error> confirm() { return {}; }
};

// Main memory and the threads of the process.
class CpuDevice final : public Device {
 public:
  std::byte* allocate(size_t bytes) override;
  void free(std::byte* data) noexcept override;
  bool host_memory() const override { return true; }
  void require_kernel(const Work& work) const override;
  void run(const Work& work) override { work.cpu(ThreadPool::shared()); }
  std::unique_ptr<Replay> replay(std::vector<Step> steps) override;
  void upload(void* device, const void* host, size_t bytes) override;
  void download(void* host, const void* device, size_t bytes) override;
};

// A device that only counts: its memory is addresses with nothing behind them, and no work is done. What a queue on it
// reports of its memory is what the same calls take on a real device; what is read from it is left as it was.
class DryDevice final : public Device {
 public:
  std::byte* allocate(size_t bytes) override;
  void free(std::byte*) noexcept override {}
  bool host_memory() const override { return false; }
  void require_kernel(const Work&) const override {}
  void run(const Work&) override {}
  std::unique_ptr<Replay> replay(std::vector<Step>) override;
  void upload(void*, const void*, size_t) override {}
  void download(void*, const void*, size_t) override {}

 private:
  uintptr_t next_ = uintptr_t{1} << 20;
};

}  // namespace pope
