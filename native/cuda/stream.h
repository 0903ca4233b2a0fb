// What a launcher works on: an in-order stream of a GPU, with scratch memory and a way for kernels to refuse their input.
//
// A launcher (`namespace pope::cuda`, declared in kernels/<room>/<name>.cuda.h, defined in <name>.cu) gets device pointers
// whose counts are checked and a Stream; it enqueues kernels and returns. It never waits and never reads device memory.
//
//     void cast(const uint16_t* bits, float* out, int64_t n, Stream& stream) {
//       POPE_LAUNCH(cast_kernel, stream.blocks(n, 256), 256, 0, stream.handle(), bits, out, n);
//     }
//
// What the CPU op checks by reading its arrays (a token outside the vocabulary, a number that is not finite), the kernel
// checks where it reads them. It then calls report() of cuda/report.h with the word that refusals() gave, writes NaN where
// the result of that row, response or slate belongs, and never follows a bad index or offset. Whoever reads a result that
// depends on it gets the Error that `describe` makes of the report with the lowest index.
//
// There is one implementation over native/cuda/runtime.h, which is the CUDA runtime, or, under POPE_SIMT, plain host
// memory with kernels that have finished when POPE_LAUNCH returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/error.h"

struct CUstream_st;  // what cudaStream_t points to

namespace pope::cuda {

using StreamHandle = CUstream_st*;

class Kept;

struct DeviceProperties {
  int multiprocessors = 1;
  int compute_major = 0, compute_minor = 0;
  size_t shared_bytes = 48 * 1024;  // of one block, after cudaFuncSetAttribute where above 48 KiB
  size_t l2_bytes = 0;
};

// What a kernel reports: an op's own number of the reason, and the row, response or slate.
struct Refusal {
  uint32_t reason;
  int64_t index;
};
using DescribeRefusal = std::function<Error(const Refusal&)>;

// The word of one op call in device memory, all ones while nothing is reported.
using RefusalWord = unsigned long long;

class Stream {
 public:
  // A new stream of the process's device. Throws unsupported without a usable one.
  Stream();
  // A stream of the caller (C ABI), which outlives this object. Reports on it are not waited for: the results are NaN.
  explicit Stream(StreamHandle handle);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  StreamHandle handle() const { return handle_; }
  const DeviceProperties& properties() const { return properties_; }

  // Blocks for a grid-stride loop over `count` items with `threads` per block: at least 1, at most 8 per multiprocessor.
  int blocks(int64_t count, int threads) const;

  // Device memory for kernels that the launcher enqueues while the object lives; content undefined, aligned to 256 bytes.
  // It returns to the stream's pool in stream order. Throws out_of_memory.
  template <class T>
  class Scratch {
   public:
    Scratch(Stream& stream, int64_t count)
        : stream_(&stream),
          bytes_(static_cast<size_t>(count) * sizeof(T)),
          data_(static_cast<T*>(stream.allocate_scratch(bytes_))) {}
    Scratch(Scratch&& other) noexcept
        : stream_(other.stream_), bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
    Scratch& operator=(Scratch&&) = delete;
    ~Scratch() {
      if (data_) stream_->free_scratch(data_, bytes_);
    }
    T* data() const { return data_; }

   private:
    Stream* stream_;
    size_t bytes_;
    T* data_;
  };
  template <class T>
  Scratch<T> scratch(int64_t count) {
    return Scratch<T>(*this, count);
  }

  // The most that it held at a time. May be called on any thread.
  size_t peak_scratch_bytes() const;

  // Host to device and back, in stream order. `upload` has read the source when it returns; `download` waits for all
  // earlier work on the stream and has written the destination when it returns.
  // An op of a program must not upload: it would be a copy of the past at every later run.
  void upload(void* device, const void* host, size_t bytes);
  void download(void* host, const void* device, size_t bytes);
  void copy(void* to, const void* from, size_t bytes);  // device to device
  void fill_bytes(void* device, int value, size_t bytes);

  // The word for report(), to be given to the kernels of the op that is being launched.
  RefusalWord* refusals(DescribeRefusal describe);

  // While the object lives, scratch memory and words are those that a program keeps.
  class Keeping {
   public:
    Keeping(Stream& stream, Kept& kept) : stream_(stream) { stream.kept_ = &kept; }
    ~Keeping() { stream_.kept_ = nullptr; }
    Keeping(const Keeping&) = delete;
    Keeping& operator=(const Keeping&) = delete;

   private:
    Stream& stream_;
  };

  // ---- for the queue ----------------------------------------------------------------------------------------------

  // A word that was given out since the last call, so that its owner can ask for it after a wait.
  struct Pending {
    size_t slot;
    DescribeRefusal describe;
  };
  std::vector<Pending> take_pending() { return std::exchange(pending_, {}); }
  // Throws internal when a launch since the last call failed.
  void check_launches();
  // Waits for all that was enqueued. Throws internal when the device failed.
  void wait();
  // All words as they are on the device, by slot; waits. Then all slots are free again.
  std::vector<RefusalWord> take_words();
  // Fewer slots are left than one op may take: call take_words() before the next.
  bool words_exhausted() const;

 private:
  void* allocate(size_t bytes);
  void free(void* data) noexcept;
  void* allocate_scratch(size_t bytes);
  void free_scratch(void* data, size_t bytes) noexcept;

  struct State;

  const bool owned_;
  StreamHandle handle_ = nullptr;
  DeviceProperties properties_;
  RefusalWord* words_ = nullptr;
  size_t used_words_ = 0;
  std::vector<Pending> pending_;
  Kept* kept_ = nullptr;
  size_t scratch_bytes_ = 0;
  State* state_ = nullptr;  // apart, for every kernel includes this file, and its headers take long to compile
};

// A block per row, within what a grid may have.
inline unsigned blocks_of_rows(int64_t rows) { return static_cast<unsigned>(rows < 0x7fffffff ? rows : 0x7fffffff); }

// What a report says on the host; throws nothing. `word` is all ones when nothing was reported.
bool reported(RefusalWord word);
Refusal decode_refusal(RefusalWord word);

}  // namespace pope::cuda
