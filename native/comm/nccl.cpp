#include "comm/nccl.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "core/error.h"
#include "cuda/runtime.h"

namespace pope {

namespace {

namespace runtime = cuda::runtime;
using Calls = NcclFunctions;

constexpr auto kPollPause = std::chrono::microseconds(50);

// Memory that grows when more is asked for.
class Scratch {
 public:
  using Allocate = void* (*)(size_t);
  using Free = void (*)(void*) noexcept;
  Scratch(Allocate allocate, Free free) : allocate_(allocate), free_(free) {}
  ~Scratch() { release(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* of(size_t bytes) {
    if (bytes > bytes_ || !data_) {
      release();
      data_ = allocate_(bytes);
      if (!data_) throw Error(Status::out_of_memory, "the GPU has no room for " + std::to_string(bytes) + " bytes");
      bytes_ = bytes;
    }
    return data_;
  }

 private:
  void release() noexcept {
    if (data_) free_(data_);
    data_ = nullptr;
  }

  const Allocate allocate_;
  const Free free_;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// Calls go to a stream of their own, each when the one before has finished. While one runs, the errors that NCCL meets on the
// way are asked for: it would wait for ever for a rank that is gone.
class NcclTransport final : public Transport {
 public:
  NcclTransport(NcclLibrary library, const NcclId& id, int rank, int size)
      : nccl_(std::move(library)), rank_(rank), size_(size) {
    nccl_.require(nccl_.calls.comm_init_rank(&comm_, size, id, rank), "ncclCommInitRank");
    stream_ = runtime::create_stream();
    event_ = runtime::create_event();
  }

  std::string description() const override { return nccl_.description; }
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool host_memory() const override { return false; }

  void all_reduce(float* data, size_t count) override {
    call("ncclAllReduce", [&] {
      return nccl_.calls.all_reduce(data, data, count, Calls::kFloat32, Calls::kSum, comm_, stream_);
    });
  }

  void reduce_scatter(const float* input, float* output, size_t count) override {
    call("ncclReduceScatter", [&] {
      return nccl_.calls.reduce_scatter(input, output, count, Calls::kFloat32, Calls::kSum, comm_, stream_);
    });
  }

  void all_gather(const float* input, float* output, size_t count) override {
    call("ncclAllGather",
         [&] { return nccl_.calls.all_gather(input, output, count, Calls::kFloat32, comm_, stream_); });
  }

  void broadcast(float* data, size_t count, int root) override {
    call("ncclBroadcast",
         [&] { return nccl_.calls.broadcast(data, data, count, Calls::kFloat32, root, comm_, stream_); });
  }

  // By way of the GPU, from and to memory that it can copy.
  void all_gather_host(const std::byte* input, std::byte* output, size_t bytes) override {
    if (bytes == 0) return;
    const size_t all = bytes * static_cast<size_t>(size_);
    auto* const pinned = static_cast<std::byte*>(pinned_.of(all));
    auto* const device = static_cast<std::byte*>(device_.of(all + bytes));
    std::copy_n(input, bytes, pinned);
    runtime::copy(device + all, pinned, bytes, stream_);
    call("ncclAllGather",
         [&] { return nccl_.calls.all_gather(device + all, device, bytes, Calls::kUint8, comm_, stream_); });
    runtime::copy(pinned, device, all, stream_);
    runtime::wait(stream_);
    std::copy_n(pinned, all, output);
  }

  void write_nan(float* data, size_t count) override {
    runtime::fill_bytes(data, 0xff, count * sizeof(float), stream_);
  }

  void finish() override {
    std::lock_guard lock(mutex_);
    nccl_.require(nccl_.calls.comm_destroy(std::exchange(comm_, nullptr)), "ncclCommDestroy");
    runtime::destroy_event(event_);
    runtime::destroy_stream(stream_);
  }

  void abort(int) noexcept override {
    std::lock_guard lock(mutex_);
    break_off();
  }

 private:
  template <class Enqueue>
  void call(const char* what, Enqueue&& enqueue) {
    std::unique_lock lock(mutex_);
    try {
      require_comm();
      nccl_.require(enqueue(), what);
      runtime::record(event_, stream_);
      while (!finished(what)) {
        lock.unlock();
        std::this_thread::sleep_for(kPollPause);
        lock.lock();
        require_comm();
      }
    } catch (...) {
      break_off();
      throw;
    }
    ++progress;
  }

  bool finished(const char* what) {
    Calls::Result error = Calls::kSuccess;
    nccl_.require(nccl_.calls.comm_get_async_error(comm_, &error), "ncclCommGetAsyncError");
    nccl_.require(error, what);
    return error != Calls::kInProgress && runtime::finished(event_);
  }

  void require_comm() const {
    if (!comm_) throw Error(Status::internal, "the communicator was aborted");
  }

  // Ends what runs on the GPU, which else waits for ever; destroying would wait too.
  void break_off() noexcept {
    if (comm_) nccl_.calls.comm_abort(std::exchange(comm_, nullptr));
  }

  const NcclLibrary nccl_;
  const int rank_, size_;
  std::mutex mutex_;            // of comm_, which `abort` takes away
  Calls::Comm comm_ = nullptr;  // null once it has ended
  cuda::StreamHandle stream_ = nullptr;
  runtime::Event event_ = nullptr;
  Scratch pinned_{runtime::allocate_pinned, runtime::free_pinned};
  Scratch device_{runtime::allocate, runtime::free};
};

}  // namespace

NcclId make_nccl_id(const std::vector<std::string>& libraries) {
  const NcclLibrary nccl = open_nccl_library(libraries);
  NcclId id{};
  nccl.require(nccl.calls.get_unique_id(&id), "ncclGetUniqueId");
  return id;
}

std::unique_ptr<Transport> join_nccl(const std::vector<std::string>& libraries, const NcclId& id, int rank, int size) {
  return std::make_unique<NcclTransport>(open_nccl_library(libraries), id, rank, size);
}

}  // namespace pope
