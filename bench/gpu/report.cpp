#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "bench.h"

namespace bench {

namespace {

template <class T>
double relative_error(const std::vector<T>& got, const std::vector<T>& expected) {
  if (got.size() != expected.size()) throw std::runtime_error("a check compares arrays of different lengths");
  double difference = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference += (double{got[i]} - double{expected[i]}) * (double{got[i]} - double{expected[i]});
    norm += double{expected[i]} * double{expected[i]};
  }
  return std::sqrt(difference / norm);
}

std::string text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string quoted(const std::string& value) { return '"' + value + '"'; }  // names of ours: nothing to escape

// NaN and infinity are no JSON.
std::string number(double value) { return std::isfinite(value) ? text("%.8g", value) : "null"; }

double per_second(double amount, double ms) { return amount / (ms * 1e-3); }

}  // namespace

double median_ms(Stream& stream, int sets, const std::function<void(int set)>& run) {
  constexpr int kWarmUps = 3, kLeast = 10, kMost = 200;
  constexpr double kEnoughMs = 500;
  cudaEvent_t begin, end;
  require(cudaEventCreate(&begin), "an event");
  require(cudaEventCreate(&end), "an event");
  std::vector<float> times;
  double total = 0;
  for (int i = 0; i < kWarmUps + kMost && (static_cast<int>(times.size()) < kLeast || total < kEnoughMs); ++i) {
    require(cudaEventRecord(begin, stream.handle()), "an event");
    run(i % sets);
    require(cudaEventRecord(end, stream.handle()), "an event");
    require(cudaEventSynchronize(end), "the work of the benchmark");
    stream.check_launches();
    stream.take_pending();
    if (stream.words_exhausted()) stream.take_words();
    float ms = 0;
    require(cudaEventElapsedTime(&ms, begin, end), "a time");
    if (i < kWarmUps) continue;
    times.push_back(ms);
    total += ms;
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

int sets_past_cache(const Stream& stream, int64_t bytes) {
  const int64_t wanted = 4 * static_cast<int64_t>(stream.properties().l2_bytes);
  return static_cast<int>(std::max<int64_t>(2, (wanted + bytes - 1) / bytes));
}

void Report::check(const std::string& name, const std::string& shape, const std::vector<float>& got,
                   const std::vector<float>& expected, double limit) {
  record({name, shape, relative_error(got, expected), limit});
}

void Report::check(const std::string& name, const std::string& shape, const std::vector<double>& got,
                   const std::vector<double>& expected, double limit) {
  record({name, shape, relative_error(got, expected), limit});
}

void Report::record(const Check& check) {
  const bool passed = check.error <= check.limit;
  std::printf("%-6s %-34s %-28s relative error %9.2e, at most %7.1e\n", passed ? "ok" : "WRONG", check.name.c_str(),
              check.shape.c_str(), check.error, check.limit);
  failed_ |= !passed;
  checks_.push_back(check);
}

void Report::add(const Row& row) {
  const double copied = per_second(row.bytes, row.ms), computed = per_second(row.operations, row.ms);
  std::string line = text("%9.3f ms", row.ms);
  if (row.bytes > 0) {
    line += text("  %6.2f TB/s", copied * 1e-12) + text(" = %3.0f %% of the copy", 100 * copied / ceilings.copy);
  }
  if (row.operations > 0) {
    line += text("  %6.1f TFLOP/s", computed * 1e-12) + text(" = %3.0f %% of the product", 100 * computed / ceilings.matrix);
  }
  if (row.bare_ms > 0) line += text("  %5.2f x its bare products", row.ms / row.bare_ms);
  if (row.scratch_bytes >= 0) line += text("  scratch %.0f MB", static_cast<double>(row.scratch_bytes) * 1e-6);
  std::printf("%-32s %-26s %-5s %s\n", row.name.c_str(), row.shape.c_str(), row.dtype.c_str(), line.c_str());
  std::fflush(stdout);
  rows_.push_back(row);
}

void Report::write(const std::string& path) const {
  cudaDeviceProp device{};
  int id = 0, driver = 0, runtime = 0;
  cudaGetDevice(&id);
  cudaGetDeviceProperties(&device, id);
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);

  std::ofstream file(path);
  file << "{\n  \"device\": " << quoted(device.name) << ", \"multiprocessors\": " << device.multiProcessorCount
       << ", \"driver\": " << driver << ", \"runtime\": " << runtime
       << ",\n  \"copy_bytes_per_second\": " << number(ceilings.copy)
       << ", \"matrix_operations_per_second\": " << number(ceilings.matrix) << ",\n  \"checks\": [";
  for (size_t i = 0; i < checks_.size(); ++i) {
    const Check& check = checks_[i];
    file << (i ? ",\n    " : "\n    ") << "{\"name\": " << quoted(check.name) << ", \"shape\": " << quoted(check.shape)
         << ", \"relative_error\": " << number(check.error) << ", \"limit\": " << number(check.limit) << "}";
  }
  file << "\n  ],\n  \"times\": [";
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    file << (i ? ",\n    " : "\n    ") << "{\"group\": " << quoted(row.group) << ", \"name\": " << quoted(row.name)
         << ", \"shape\": " << quoted(row.shape) << ", \"dtype\": " << quoted(row.dtype) << ", \"ms\": " << number(row.ms)
         << ", \"bytes\": " << number(row.bytes) << ", \"operations\": " << number(row.operations);
    if (row.bare_ms > 0) file << ", \"bare_ms\": " << number(row.bare_ms);
    if (row.scratch_bytes >= 0) file << ", \"scratch_bytes\": " << row.scratch_bytes;
    file << "}";
  }
  file << "\n  ]\n}\n";
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace bench
