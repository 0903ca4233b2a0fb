// Working memory of one thread for one purpose: declare it thread_local in the kernel's source. It grows to the largest
// request and is kept, because fresh pages cost more than the work that many blocks do in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace pope {

class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { free(); }

  // `count` floats on a cache line boundary, with undefined content; valid until the next call.
  float* floats(int64_t count) {
    if (count > capacity_) {
      free();
      memory_ = static_cast<float*>(::operator new[](static_cast<size_t>(count) * sizeof(float), kAlignment));
      capacity_ = count;
    }
    return memory_;
  }

 private:
  static constexpr std::align_val_t kAlignment{64};

  void free() {
    ::operator delete[](memory_, kAlignment);
    memory_ = nullptr;
    capacity_ = 0;
  }

  float* memory_ = nullptr;
  int64_t capacity_ = 0;
};

}  // namespace pope
