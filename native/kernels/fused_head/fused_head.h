// fused_head: log-probability of a target, entropy and log-sum-exp of softmax(scale * hidden weight^T), row by row,
// without ever holding the logits of the batch. scale = 1 / temperature.
//   hidden [rows, width]   weight [vocab, width]   targets [rows], in [0, vocab)
//   log_probs, entropies, log_sum_exp [rows]
// hidden and weight are of type T, float or uint16_t for bf16 (matmul.h).
//
// Tiles of kTileRows rows x kTileVocabulary logits stay in the second-level cache; each leaves the softmax sums of its
// rows, which are merged in the order of the vocabulary (softmax_sums.h). Tiles are the tasks, so that one row with a
// large vocabulary occupies all threads. Bits depend on the number of threads never, on the other rows where those of a
// matmul do (matmul.h: only with a BLAS). After Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models"
// (arXiv 2411.09009).
#pragma once

#include <cstdint>

#include "core/thread_pool.h"

namespace pope {

struct FusedHeadShape {
  int64_t rows, width, vocab;
};

struct FusedHeadOutputs {
  float *log_probs, *entropies, *log_sum_exp;
};

template <class T>
void fused_head(const T* hidden, const T* weight, const int32_t* targets, float scale,
                const FusedHeadOutputs& outputs, const FusedHeadShape& shape, ThreadPool& pool);

}  // namespace pope
