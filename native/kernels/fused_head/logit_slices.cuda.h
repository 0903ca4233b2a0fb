// How fused_head and its backward pass walk over the logits on a GPU, and the logits of one slice.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/fused_head/fused_head.h"
#include "kernels/matmul/product.cuda.h"

namespace pope::cuda {

// Rows multiplied at once, logits held at once (32 MiB of float: the second-level cache of large GPUs keeps them), and
// slices whose gradients are multiplied at once. The host run has small ones, so that small tests cross every border.
#ifdef POPE_SIMT
constexpr int64_t kBlockRows = 64, kSliceLogits = 64 * 128, kGroupSlices = 3;
#else
constexpr int64_t kBlockRows = 8192, kSliceLogits = kBlockRows * 1024, kGroupSlices = 4;
#endif
constexpr int64_t kTokenStep = 128;  // tokens of a slice are a multiple: the tile of a product

inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// `rows` x `tokens` logits from (row, token) on.
struct LogitSlice {
  int64_t row, rows, token, tokens;
};

// The sizes of full blocks and slices for a shape; the last ones may be smaller.
struct LogitSlices {
  int64_t rows, tokens;

  explicit LogitSlices(const FusedHeadShape& shape) : rows(std::min(shape.rows, kBlockRows)) {
    const int64_t most = std::max(kSliceLogits / rows / kTokenStep, int64_t{1}) * kTokenStep;
    tokens = std::min(most, round_up(shape.vocab, kTokenStep));
  }

  LogitSlice slice(const FusedHeadShape& shape, int64_t row, int64_t token) const {
    return {row, std::min(rows, shape.rows - row), token, std::min(tokens, shape.vocab - token)};
  }
};

// The factors of the head, which are rows of `width` elements of `dtype`.
struct HeadFactors {
  const void *hidden, *weight;
  int64_t width;
  int32_t dtype;

  const void* hidden_from(int64_t row) const { return at(hidden, row); }
  const void* weight_from(int64_t token) const { return at(weight, token); }

 private:
  const void* at(const void* rows, int64_t row) const {
    return static_cast<const char*>(rows) + row * width * (dtype == POPE_F32 ? 4 : 2);
  }
};

// logits[rows, tokens] of a slice, not yet scaled, in rows of `pitch` elements.
inline void multiply_slice(const HeadFactors& factors, const LogitSlice& slice, float* logits, int64_t pitch,
                           Stream& stream) {
  product({.form = ProductForm::b_transposed,
           .m = slice.rows,
           .n = slice.tokens,
           .k = factors.width,
           .a = factors.hidden_from(slice.row),
           .a_pitch = factors.width,
           .b = factors.weight_from(slice.token),
           .b_pitch = factors.width,
           .c = logits,
           .c_pitch = pitch,
           .accumulate = false,
           .dtype = factors.dtype},
          stream);
}

// One block of threads works on a row: a warp where there are rows enough to fill the GPU, else eight.
inline bool many_rows(int64_t rows, const Stream& stream) { return rows >= 8 * stream.properties().multiprocessors; }

inline int row_blocks(int64_t rows, int threads, const Stream& stream) {
  constexpr int kThreadsPerMultiprocessor = 2048, kMostBlocks = 32;
  const int resident = std::min(kThreadsPerMultiprocessor / threads, kMostBlocks) * stream.properties().multiprocessors;
  return static_cast<int>(std::min<int64_t>(rows, resident));
}

}  // namespace pope::cuda
