// From sizes and dtypes, which are numbers, to instances of the kernels.
#pragma once

#include <limits>
#include <string>
#include <type_traits>

#include "cuda/cuda.h"
#include "cuda/floats.h"
#include "kernels/attention/attention.cuda.h"
#include "kernels/attention/tile.cuda.h"

namespace pope::cuda {

inline void require_attention(const char* op, int64_t rows, int64_t heads, int64_t head) {
  const auto refuse = [op](const std::string& what) {
    throw Error(Status::unsupported, std::string(op) + ": " + what);
  };
  if (head > kMostHead) {
    refuse("on a GPU a head has at most " + std::to_string(kMostHead) + " elements, not " + std::to_string(head));
  }
  if (rows > std::numeric_limits<int32_t>::max() / 2) refuse("a GPU takes fewer than 2^30 rows");
  if (heads > 65535) refuse("a GPU takes fewer than 65536 heads");
}

// Calls launch(kHead), whose type holds the padded size of a head as ::value.
template <class Launch>
void by_head(int64_t head, const Launch& launch) {
  if (head <= 32) return launch(std::integral_constant<int, 32>{});
  if (head <= 64) return launch(std::integral_constant<int, 64>{});
  if (head <= 80) return launch(std::integral_constant<int, 80>{});
  if (head <= 96) return launch(std::integral_constant<int, 96>{});
  launch(std::integral_constant<int, 128>{});
}

// A block per kOwnRows rows and head.
inline dim3 blocks_of_heads(int64_t rows, int64_t heads) {
  return dim3(static_cast<unsigned>((rows + kOwnRows - 1) / kOwnRows), static_cast<unsigned>(heads));
}

}  // namespace pope::cuda
