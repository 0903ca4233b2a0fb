#include "kernels/fused_head/fused_head.h"

#include <algorithm>
#include <vector>

#include "core/scratch.h"
#include "kernels/matmul/matmul.h"
#include "kernels/token_logprobs/softmax_sums.h"

namespace pope {

namespace {

constexpr int64_t kTileRows = 256, kTileVocabulary = 512;  // 512 KiB of logits
constexpr int64_t kGroupRows = 1024;                       // bounds the sums held at once: 24 bytes a row and tile

thread_local Scratch tile_memory;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

template <class T>
void fused_head(const T* hidden, const T* weight, const int32_t* targets, float scale,
                const FusedHeadOutputs& outputs, const FusedHeadShape& shape, ThreadPool& pool) {
  const int64_t rows = shape.rows, width = shape.width, vocab = shape.vocab;
  const SoftmaxKernels& kernels = active_softmax_kernels();
  const int64_t slices = divide_up(vocab, kTileVocabulary);
  std::vector<SoftmaxSums> sums(std::min(rows, kGroupRows) * slices);  // [row of the group][slice]
  std::vector<float> target_logits(std::min(rows, kGroupRows));

  for (int64_t group = 0; group < rows; group += kGroupRows) {
    const int64_t group_rows = std::min(kGroupRows, rows - group);

    const int64_t tiles = divide_up(group_rows, kTileRows) * slices;
    pool.parallel_for(tiles, 1, [&](int64_t task, int64_t) {
      const int64_t slice = task % slices, first_logit = slice * kTileVocabulary;
      const int64_t first_row = task / slices * kTileRows;
      const int64_t tile_rows = std::min(kTileRows, group_rows - first_row);
      const int64_t tile_vocab = std::min(kTileVocabulary, vocab - first_logit);
      float* tile = tile_memory.floats(kTileRows * kTileVocabulary);
      matmul(hidden + (group + first_row) * width, weight + first_logit * width, nullptr, tile,
             {tile_rows, tile_vocab, width, true}, pool);
      for (int64_t i = 0; i < tile_rows; ++i) {
        float* logits = tile + i * tile_vocab;
        for (int64_t v = 0; v < tile_vocab; ++v) logits[v] *= scale;
        const int64_t row = first_row + i, target = targets[group + row] - first_logit;
        sums[row * slices + slice] = kernels.sums(logits, tile_vocab);
        if (target >= 0 && target < tile_vocab) target_logits[row] = logits[target];
      }
    });

    for (int64_t row = 0; row < group_rows; ++row) {
      SoftmaxSums total = kNoSoftmaxSums;
      for (int64_t slice = 0; slice < slices; ++slice) merge(total, sums[row * slices + slice]);
      outputs.log_probs[group + row] = static_cast<float>(log_probability(total, target_logits[row]));
      outputs.entropies[group + row] = static_cast<float>(entropy(total));
      outputs.log_sum_exp[group + row] = static_cast<float>(log_sum_exp(total));
    }
  }
}

template void fused_head(const float*, const float*, const int32_t*, float, const FusedHeadOutputs&,
                         const FusedHeadShape&, ThreadPool&);
template void fused_head(const uint16_t*, const uint16_t*, const int32_t*, float, const FusedHeadOutputs&,
                         const FusedHeadShape&, ThreadPool&);

}  // namespace pope
