// Working memory of one thread for one purpose: declare it thread_local in the kernel's source. It grows to the largest
// request and is kept, because fresh pages cost more than the work that many blocks do in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace pope {

class Scratch {
 public:
  // `count` floats on a cache line boundary, with undefined content; valid until the next call.
  float* floats(int64_t count) {
    if (count > capacity_) {
      memory_.reset();
      capacity_ = 0;
      memory_.reset(static_cast<float*>(::operator new[](static_cast<size_t>(count) * sizeof(float), kAlignment)));
      capacity_ = count;
    }
    return memory_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};

  struct Free {
    void operator()(float* p) const { ::operator delete[](p, kAlignment); }
  };

  std::unique_ptr<float[], Free> memory_;
  int64_t capacity_ = 0;
};

}  // namespace pope
