// What the parts of the GPU benchmark share: device memory with random contents, checks against the CPU, times, a report.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cuda/stream.h"
#include "pope.h"

namespace bench {

using pope::cuda::Stream;

// Throws with `what` when a call of the runtime failed.
void require(cudaError_t status, const char* what);

int64_t element_bytes(int32_t dtype);
const char* dtype_name(int32_t dtype);

class Memory {
 public:
  explicit Memory(int64_t bytes);
  ~Memory();
  Memory(Memory&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  Memory& operator=(Memory&&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
};

template <class T>
class Array : public Memory {
 public:
  explicit Array(int64_t count) : Memory(count * static_cast<int64_t>(sizeof(T))), count_(count) {}
  explicit Array(const std::vector<T>& values) : Array(static_cast<int64_t>(values.size())) {
    require(cudaMemcpy(data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "copy to the device");
  }
  T* data() const { return this->template as<T>(); }
  std::vector<T> read(int64_t count) const {
    std::vector<T> values(count);
    require(cudaMemcpy(values.data(), data(), values.size() * sizeof(T), cudaMemcpyDeviceToHost), "copy to the host");
    return values;
  }
  std::vector<T> read() const { return read(count_); }

 private:
  int64_t count_;
};

// A matrix of `dtype` with normal random numbers of the given standard deviation; another seed, other numbers.
Memory random_matrix(int32_t dtype, int64_t count, uint64_t seed, float deviation);
std::vector<uint8_t> read_bytes(const Memory& memory, int64_t bytes);
// 16-bit numbers from a device as float, for the CPU kernels that take no other.
std::vector<float> read_floats(const Memory& memory, int32_t dtype, int64_t count);
std::vector<int32_t> random_targets(int64_t rows, int64_t vocab, uint64_t seed);
std::vector<double> random_doubles(int64_t count, uint64_t seed, double low, double high);

// The median of the milliseconds of run(set), after warm-up, for set = 0, 1, .., sets - 1, 0, .. in turn. Device time
// between two events around the launches of one call.
double median_ms(Stream& stream, int sets, const std::function<void(int set)>& run);
// As many sets of inputs as take four times the second-level cache, at least two: no run finds its input in the cache.
int sets_past_cache(const Stream& stream, int64_t bytes);

struct Ceilings {
  double copy = 0;    // bytes read and written per second, device to device
  double matrix = 0;  // bf16 operations per second of cuBLASLt, or of our own product without it
};

struct Row {
  std::string group, name, shape, dtype;
  double ms = 0;
  double bytes = 0, operations = 0;  // what the work must move or compute; the larger share of a ceiling is printed
  double bare_ms = 0;                // of the products alone, where there are any
  int64_t scratch_bytes = -1;        // of device memory above inputs and results, where measured
};

class Report {
 public:
  explicit Report(Stream& stream) : stream_(stream) {}

  Stream& stream() { return stream_; }
  Ceilings ceilings;

  // ||got - expected|| / ||expected|| must be at most `limit`; NaN fails.
  void check(const std::string& name, const std::string& shape, const std::vector<float>& got,
             const std::vector<float>& expected, double limit);
  void check(const std::string& name, const std::string& shape, const std::vector<double>& got,
             const std::vector<double>& expected, double limit);
  // Prints the row; times are only taken from work that was checked.
  void add(const Row& row);

  bool failed() const { return failed_; }
  void write(const std::string& path) const;

 private:
  struct Check {
    std::string name, shape;
    double error, limit;
  };
  void record(const Check& check);

  Stream& stream_;
  std::vector<Check> checks_;
  std::vector<Row> rows_;
  bool failed_ = false;
};

struct Options {
  bool small = false;   // small shapes, for sanitizers
  bool timing = true;
  bool policy = true;   // all but the heads
};

void measure_ceilings(Report& report, const Options& options);
void bench_token_logprobs(Report& report, const Options& options);
void bench_policy(Report& report, const Options& options);
void bench_bootstrap(Report& report, const Options& options);
void bench_network(Report& report, const Options& options);
void bench_heads(Report& report, const Options& options);
void bench_attention(Report& report, const Options& options);

}  // namespace bench
