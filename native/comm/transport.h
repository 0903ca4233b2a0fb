// How numbers cross processes: the ranks of one run, as a library (MPI, NCCL) lets one of them reach the others.
//
// Every rank makes the same calls in the same order with the same counts. All of them are made on one thread, that of
// comm/exchange.h, which also makes the object; only what it is, `abort` and `progress` are for others too.
// A call returns when its result is there. It throws Error internal when the library fails; then the ranks are no longer
// in step and nothing more can be asked.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pope {

class Transport {
 public:
  virtual ~Transport() = default;

  // The library, for people.
  virtual std::string description() const = 0;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Whether `data`, `input` and `output` below are memory of the host, not of a GPU.
  virtual bool host_memory() const = 0;

  // data = the sum of data over the ranks.
  virtual void all_reduce(float* data, size_t count) = 0;
  // output[count] = this rank's slice of the sum of input[size * count] over the ranks.
  virtual void reduce_scatter(const float* input, float* output, size_t count) = 0;
  // output[size * count] = input[count] of every rank.
  virtual void all_gather(const float* input, float* output, size_t count) = 0;
  // data = data of the rank `root`.
  virtual void broadcast(float* data, size_t count, int root) = 0;
  // The same as all_gather for bytes of the host.
  virtual void all_gather_host(const std::byte* input, std::byte* output, size_t bytes) = 0;
  // data = NaN: what a rank sends whose own work has failed.
  virtual void write_nan(float* data, size_t count) = 0;

  // The orderly end; the last call.
  virtual void finish() = 0;
  // Ends all ranks as far as the library can, whatever the other thread waits for. May never return.
  virtual void abort(int exit_code) noexcept = 0;

  // Grows while a call gets on; a watchdog compares.
  std::atomic<uint64_t> progress{0};
};

}  // namespace pope
