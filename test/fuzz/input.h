// What the fuzz targets make of libFuzzer's bytes: numbers that are often small, sometimes as wrong as they can be, and
// buffers of exactly as many elements as they claim, so that AddressSanitizer sees the first byte beyond.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

namespace pope::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(data, size) {}

  bool chance(int of) { return bytes_.ConsumeIntegralInRange<int>(0, of - 1) == 0; }
  int below(int n) { return bytes_.ConsumeIntegralInRange<int>(0, n - 1); }

  // A size that fits, or nearly, or not at all; the next after the last is the first.
  int64_t size(int64_t fitting) {
    switch (below(24)) {
      case 0: return static_cast<int64_t>(static_cast<uint64_t>(fitting) + 1);
      case 1: return static_cast<int64_t>(static_cast<uint64_t>(fitting) - 1);
      case 2: return -1;
      case 3: return int64_t{1} << below(64);
      case 4: return bytes_.ConsumeIntegral<int64_t>();
      default: return fitting;
    }
  }

  // One of [0, count), or nearly, or anything.
  int32_t choice(int32_t count) {
    const int kind = below(16);
    return kind == 0 ? bytes_.ConsumeIntegral<int32_t>() : bytes_.ConsumeIntegralInRange<int32_t>(kind == 1 ? -1 : 0, count - 1);
  }

  double number() {
    switch (below(12)) {
      case 0: return std::numeric_limits<double>::quiet_NaN();
      case 1: return std::numeric_limits<double>::infinity();
      case 2: return -std::numeric_limits<double>::infinity();
      case 3: return bytes_.ConsumeFloatingPoint<double>();
      case 4: return std::ldexp(1.0, below(2048) - 1074);
      case 5: return 0;
      default: return bytes_.ConsumeFloatingPointInRange<double>(-4, 4);
    }
  }

  // Mostly cuts of `length` into `parts`, as offsets must be.
  template <class Offset>
  Offset offset(int64_t i, int64_t parts, int64_t length) {
    if (chance(64)) return bytes_.ConsumeIntegral<Offset>();
    return static_cast<Offset>(parts == 0 ? 0 : i * length / parts);
  }

  template <class T>
  T element() {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(number());
    else return chance(16) ? bytes_.ConsumeIntegral<T>() : static_cast<T>(below(8));
  }

 private:
  FuzzedDataProvider bytes_;
};

// Memory of exactly so many bytes, which lives until the target returns. A wrong count never gets memory of its own size:
// who calls promises that a buffer holds what its count says, so a count beyond a million comes with NULL.
class Memory {
 public:
  void* bytes(int64_t count) {
    if (count < 0 || count > 1 << 20) return nullptr;
    blocks_.push_back(std::unique_ptr<char[]>(new char[static_cast<size_t>(count)]));
    return blocks_.back().get();
  }

  template <class T, class Fill>
  T* array(int64_t count, Fill fill) {
    if (count < 0 || count > 1 << 16) return nullptr;
    auto* values = static_cast<T*>(bytes(count * static_cast<int64_t>(sizeof(T))));
    for (int64_t i = 0; values && i < count; ++i) values[i] = fill(i);
    return values;
  }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace pope::fuzz
