// Masks: which tiles a block has to visit at all, and which scores of a tile count. For .cu files.
#pragma once

#include "cuda/reduce.h"
#include "kernels/attention/tile.cuda.h"
#include "kernels/decode/attention_decode.h"

namespace pope::cuda {

// Whether a row with this span sees any of the keys first .. last - 1; each of them once; this one.
__device__ inline bool sees_any(const CacheSpan& span, int first, int last) {
  return max(span.prefix_start, first) < min(span.prefix_end, last) ||
         max(span.own_start, first) < min(span.own_end, last);
}
__device__ inline bool sees_all(const CacheSpan& span, int first, int last) {
  const bool prefix = span.prefix_start <= first && last <= span.prefix_end;
  const bool own = span.own_start <= first && last <= span.own_end;
  return (prefix && max(span.own_start, first) >= min(span.own_end, last)) ||
         (own && max(span.prefix_start, first) >= min(span.prefix_end, last));
}
__device__ inline bool sees(const CacheSpan& span, int key) {
  return (key >= span.prefix_start && key < span.prefix_end) || (key >= span.own_start && key < span.own_end);
}
// In how many of its two ranges.
__device__ inline int times_seen(const CacheSpan& span, int key) {
  return static_cast<int>(key >= span.prefix_start && key < span.prefix_end) +
         static_cast<int>(key >= span.own_start && key < span.own_end);
}

// The spans of the block's rows, from row `first`; those that do not exist see nothing.
__device__ inline void load_own_spans(CacheSpan* own, const CacheSpan* spans, int first, int rows) {
  const int i = threadIdx.x;
  if (i < kOwnRows) own[i] = first + i < rows ? spans[first + i] : CacheSpan{0, 0, 0, 0};
}

__device__ inline bool any_row_sees(const CacheSpan* own, int first_key, int last_key) {
  bool any = false;
#pragma unroll 4
  for (int i = 0; i < kOwnRows; ++i) any = any || sees_any(own[i], first_key, last_key);
  return any;
}

enum class Visibility { none, some, all };

// The lane's two rows, g and g + 8 of its warp's.
struct LaneRows {
  CacheSpan span[2];

  __device__ static int row(int half) { return threadIdx.x / kWarp * 16 + threadIdx.x % kWarp / 4 + 8 * half; }
  __device__ explicit LaneRows(const CacheSpan* own) : span{own[row(0)], own[row(1)]} {}

  // What the warp's rows see of the keys first .. last - 1.
  __device__ Visibility visibility(int first, int last) const {
    const bool any = sees_any(span[0], first, last) || sees_any(span[1], first, last);
    const bool all = sees_all(span[0], first, last) && sees_all(span[1], first, last);
    if (!__any_sync(kFullWarp, any)) return Visibility::none;
    return __any_sync(kFullWarp, !all) ? Visibility::some : Visibility::all;
  }

  __device__ bool sees(int j, int e, int first_key) const { return cuda::sees(span[e / 2], key(j, e, first_key)); }
  __device__ int times_seen(int j, int e, int first_key) const {
    return cuda::times_seen(span[e / 2], key(j, e, first_key));
  }

 private:
  __device__ static int key(int j, int e, int first_key) { return first_key + 8 * j + threadIdx.x % 4 * 2 + e % 2; }
};

// The tiles of [first, last) that the block has to visit, in order. Each thread tests one tile of a window; the answers
// are kept as bits, so that nothing grows with the number of rows. All threads of the block call together.
template <class Wanted>
class TileWalk {
 public:
  // `words`, kWarps of them, in shared memory. bool wanted(int tile)
  __device__ TileWalk(uint32_t* words, int first, int last, const Wanted& wanted)
      : words_(words), window_(first), last_(last), wanted_(wanted) {
    open_window();
  }

  // The next tile, or -1.
  __device__ int next() {
    for (;;) {
      if (bits_ != 0) {
        const int bit = __ffs(static_cast<int>(bits_)) - 1;
        bits_ &= bits_ - 1;
        return window_ + word_ * kWarp + bit;
      }
      if (++word_ < kWarps) {
        bits_ = words_[word_];
        continue;
      }
      window_ += kThreads;
      if (window_ >= last_) {
        word_ = kWarps;  // and stays past the end
        return -1;
      }
      open_window();
    }
  }

 private:
  __device__ void open_window() {
    const int tile = window_ + static_cast<int>(threadIdx.x);
    const unsigned bits = __ballot_sync(kFullWarp, tile < last_ && wanted_(tile));
    __syncthreads();  // everyone has read the window before
    if (threadIdx.x % kWarp == 0) words_[threadIdx.x / kWarp] = bits;
    __syncthreads();
    word_ = 0;
    bits_ = words_[0];
  }

  uint32_t* const words_;
  int window_;
  const int last_;
  const Wanted wanted_;
  int word_ = 0;
  uint32_t bits_ = 0;
};

}  // namespace pope::cuda
