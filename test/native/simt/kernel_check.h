// What tests of CUDA kernels on the host share: arrays as separate heap blocks of exact size, which ASan guards, outputs
// that begin as NaN, and the comparison with the reference.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "../core/check.h"
#include "cuda/stream.h"
#include "kernels/elementwise/cast.reference.h"
#include "kernels/elementwise/narrow.reference.h"
#include "pope.h"

// Fewer shapes, one block each: for ThreadSanitizer, which is a thousand times slower.
extern bool brief;

template <class T>
class HeapArray {
 public:
  explicit HeapArray(int64_t count) : data_(new T[count]), count_(count) {
    std::memset(static_cast<void*>(data_.get()), 0xff, sizeof(T) * count);  // NaN in every float format
  }
  template <class Value>
  HeapArray(int64_t count, const Value& value) : HeapArray(count) {
    for (int64_t i = 0; i < count; ++i) data_[i] = static_cast<T>(value(i));
  }
  T* data() const { return data_.get(); }
  int64_t count() const { return count_; }
  T& operator[](int64_t i) const { return data_[i]; }

 private:
  std::unique_ptr<T[]> data_;
  int64_t count_;
};

// Reproducible, uniform in [-1, 1): a multiplicative hash of the index.
inline double random_number(int64_t i, uint64_t seed) {
  uint64_t bits = (static_cast<uint64_t>(i) + seed * 1000003) * 0x9E3779B97F4A7C15u;
  bits = (bits ^ bits >> 29) * 0xBF58476D1CE4E5B9u;
  return static_cast<double>((bits ^ bits >> 32) >> 11) * 0x1p-52 - 1;
}

struct Tolerance {
  double absolute, relative;
};

template <class T>
void check_close(const char* what, const HeapArray<T>& values, const HeapArray<T>& expected, Tolerance tolerance) {
  for (int64_t i = 0; i < values.count(); ++i) {
    const double value = values[i], reference = expected[i];
    if (value == reference || (std::isnan(value) && std::isnan(reference))) continue;
    if (std::fabs(value - reference) <= tolerance.absolute + tolerance.relative * std::fabs(reference)) continue;
    std::fprintf(stderr, "%s: element %lld of %lld is %.17g, expected %.17g\n", what, static_cast<long long>(i),
                 static_cast<long long>(values.count()), value, reference);
    std::exit(1);
  }
}

// What the kernels since the last call have refused, as the queue would say it.
inline std::optional<pope::Error> refusal(pope::cuda::Stream& stream) {
  const auto pending = stream.take_pending();
  const auto words = stream.take_words();
  for (const auto& [slot, describe] : pending) {
    if (pope::cuda::reported(words[slot])) return describe(pope::cuda::decode_refusal(words[slot]));
  }
  return std::nullopt;
}

inline void check_refused(pope::cuda::Stream& stream, pope::Status status, int64_t index) {
  const std::optional<pope::Error> error = refusal(stream);
  if (!error || error->status != status || error->index != index) {
    std::fprintf(stderr, "refused: %s\n", error ? error->what() : "nothing");
  }
  CHECK(error && error->status == status && error->index == index);
}

// Numbers of a dtype in a heap block of exact size, and what they are in double.
struct Numbers {
  HeapArray<float> floats;
  HeapArray<uint16_t> bits;
  std::vector<double> exact;

  Numbers(int32_t dtype, int64_t count, uint64_t seed)
      : floats(dtype == POPE_F32 ? count : 0), bits(dtype == POPE_F32 ? 0 : count), exact(count) {
    for (int64_t i = 0; i < count; ++i) {
      const double value = random_number(i, seed);
      if (dtype == POPE_F32) {
        exact[i] = floats[i] = static_cast<float>(value);
      } else if (dtype == POPE_F16) {
        bits[i] = pope::reference::narrow_f16(value);
        pope::reference::cast_f16(&bits[i], &exact[i], 1);
      } else {
        bits[i] = pope::reference::narrow_bf16(value);
        pope::reference::cast_bf16(&bits[i], &exact[i], 1);
      }
    }
  }
  const void* data() const { return floats.count() ? static_cast<const void*>(floats.data()) : bits.data(); }
};
