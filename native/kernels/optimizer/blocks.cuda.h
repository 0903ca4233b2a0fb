// Many arrays in one launch: each is cut into blocks, block b of the grid belongs to one array. The list of arrays is
// copied to the device, where a block finds its own by bisection.
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/cuda.h"
#include "cuda/stream.h"

namespace pope::cuda {

constexpr int kBlockElements = 8192;

template <class Arrays>
struct ListedArrays {
  Arrays arrays;  // has a `count`
  int64_t first_block;
};

// One block's part of one of the arrays.
template <class Arrays>
struct BlockOfArrays {
  Arrays arrays;
  int64_t begin, end;
};

template <class Arrays>
__device__ inline BlockOfArrays<Arrays> block_of_arrays(const ListedArrays<Arrays>* list, int length) {
  const int64_t block = blockIdx.x;
  int low = 0, high = length;  // list[low] begins at or before the block, list[high] behind it
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (list[middle].first_block <= block ? low : high) = middle;
  }
  const ListedArrays<Arrays> own = list[low];
  const int64_t begin = (block - own.first_block) * kBlockElements, end = begin + kBlockElements;
  return {own.arrays, begin, end < own.arrays.count ? end : own.arrays.count};
}

// The list on the device, and the blocks of all arrays together.
template <class Arrays>
class ArrayList {
 public:
  template <class Range>
  ArrayList(const Range& all, Stream& stream) : device_(stream, static_cast<int64_t>(all.size())) {
    std::vector<ListedArrays<Arrays>> list;
    for (const Arrays& arrays : all) {
      if (arrays.count == 0) continue;
      list.push_back({arrays, blocks_});
      blocks_ += (arrays.count + kBlockElements - 1) / kBlockElements;
    }
    length_ = static_cast<int>(list.size());
    if (length_ > 0) stream.upload(device_.data(), list.data(), list.size() * sizeof list[0]);
  }

  const ListedArrays<Arrays>* data() const { return device_.data(); }
  int length() const { return length_; }
  int64_t blocks() const { return blocks_; }

 private:
  Stream::Scratch<ListedArrays<Arrays>> device_;
  int length_ = 0;
  int64_t blocks_ = 0;
};

}  // namespace pope::cuda
