#include "comm/mpi.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "comm/mpi_library.h"
#include "core/error.h"
#include "core/load_time_variable.h"

namespace pope {

namespace {

// 4 MB: two to three times as fast as one call for 100 MB, and far from the limits of a count, which is an int.
constexpr size_t kChunk = size_t{1} << 20;  // floats
constexpr int kThreadSerialized = 2;        // any one thread at a time; the number is the same in all implementations

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MpiLibrary library) : mpi_(std::move(library)) {
    int provided = 0;
    require(mpi_.calls.init_thread(nullptr, nullptr, kThreadSerialized, &provided), "MPI_Init_thread");
    if (provided < kThreadSerialized) {
      throw Error(Status::unsupported, mpi_.description + " was built without support of threads (MPI_THREAD_SERIALIZED)");
    }
    require(mpi_.calls.comm_set_errhandler(mpi_.world, mpi_.errors_return), "MPI_Comm_set_errhandler");
    require(mpi_.calls.comm_rank(mpi_.world, &rank_), "MPI_Comm_rank");
    require(mpi_.calls.comm_size(mpi_.world, &size_), "MPI_Comm_size");
  }

  std::string description() const override { return mpi_.description; }
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool host_memory() const override { return true; }

  void all_reduce(float* data, size_t count) override {
    for_chunks(count, kChunk, [&](size_t first, size_t n) {
      require(mpi_.calls.allreduce(mpi_.in_place, data + first, static_cast<int>(n), mpi_.f32, mpi_.sum, mpi_.world),
              "MPI_Allreduce");
    });
  }

  // The n-th parts of all slices lie apart; they are brought together for the call.
  void reduce_scatter(const float* input, float* output, size_t count) override {
    for_chunks(count, kChunk / ranks(), [&](size_t first, size_t n) {
      together_.resize(n * ranks());
      for (size_t r = 0; r < ranks(); ++r) copy(&together_[r * n], input + r * count + first, n);
      require(mpi_.calls.reduce_scatter_block(together_.data(), output + first, static_cast<int>(n), mpi_.f32, mpi_.sum,
                                              mpi_.world),
              "MPI_Reduce_scatter_block");
    });
  }

  void all_gather(const float* input, float* output, size_t count) override {
    for_chunks(count, kChunk / ranks(), [&](size_t first, size_t n) {
      together_.resize(n * ranks());
      gather(input + first, together_.data(), n, mpi_.f32);
      for (size_t r = 0; r < ranks(); ++r) copy(output + r * count + first, &together_[r * n], n);
    });
  }

  void broadcast(float* data, size_t count, int root) override {
    for_chunks(count, kChunk, [&](size_t first, size_t n) {
      require(mpi_.calls.bcast(data + first, static_cast<int>(n), mpi_.f32, root, mpi_.world), "MPI_Bcast");
    });
  }

  void all_gather_host(const std::byte* input, std::byte* output, size_t bytes) override {
    if (bytes > kMostHostBytes) throw Error(Status::shape, std::to_string(bytes) + " bytes of one rank are too many");
    gather(input, output, bytes, mpi_.byte);
  }

  void write_nan(float* data, size_t count) override { std::memset(data, 0xff, count * sizeof(float)); }

  void finish() override { require(mpi_.calls.finalize(), "MPI_Finalize"); }

  void abort(int exit_code) noexcept override { mpi_.calls.abort(mpi_.world, exit_code); }

 private:
  using Handle = MpiFunctions::Handle;

  static constexpr size_t kMostHostBytes = size_t{1} << 30;

  size_t ranks() const { return static_cast<size_t>(size_); }

  static void copy(float* to, const float* from, size_t count) { std::memcpy(to, from, count * sizeof(float)); }

  template <class Body>
  void for_chunks(size_t count, size_t chunk, Body&& body) {
    chunk = std::max<size_t>(chunk, 1);
    for (size_t first = 0; first < count; first += chunk) {
      body(first, std::min(chunk, count - first));
      ++progress;
    }
  }

  void gather(const void* input, void* output, size_t count, Handle type) {
    const int n = static_cast<int>(count);
    require(mpi_.calls.allgather(input, n, type, output, n, type, mpi_.world), "MPI_Allgather");
  }

  void require(int code, const char* what) const {
    if (code == 0) return;
    std::array<char, 8192> text{};
    int length = 0;
    mpi_.calls.error_string(code, text.data(), &length);
    throw Error(Status::internal, std::string(what) + " failed: " + text.data());
  }

  const MpiLibrary mpi_;
  int rank_ = 0, size_ = 1;
  std::vector<float> together_;
};

}  // namespace

std::unique_ptr<Transport> join_mpi(const std::vector<std::string>& libraries) {
  // UCX, over which MPI may send, rewrites the functions that take memory from the system, to see its own cache of registered
  // memory go. It does so while other threads of Node call them: of 670 runs 16 died where the heap had just grown, none of 610 without.
  const LoadTimeVariable events("UCX_MEM_EVENTS", "n");
  return std::make_unique<MpiTransport>(open_mpi_library(libraries));
}

}  // namespace pope
