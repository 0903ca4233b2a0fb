// fused_head_backward: the gradients of fused_head (fused_head.h), given g = dJ/d log_prob and h = dJ/d entropy of
// every row:
//   dz[v]   = scale (g (1[v = y] - p[v]) - h p[v] (log p[v] + H)),  log p[v] = scale hidden . weight[v] - log_sum_exp
//   dhidden = dz weight (overwritten)      dweight += dz^T hidden
//   hidden, dhidden [rows, width]   weight, dweight [vocab, width]; dweight may be nullptr
//   targets, log_sum_exp, entropies, dlog_prob [rows]   dentropy [rows] or nullptr = 0
// hidden and weight are of type T, to which dz is rounded: float, or uint16_t for bf16 (matmul.h).
//
// The logits are computed again and only those of kBlockRows rows x kSliceVocabulary tokens are ever held: each block
// leaves its part of both gradients, slices in the order of the vocabulary, blocks in that of the rows. Bits depend on
// the number of threads never. Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models" (arXiv
// 2411.09009), without its gradient filter.
#pragma once

#include "kernels/fused_head/fused_head.h"

namespace pope {

struct FusedHeadGradientInputs {
  const float *log_sum_exp, *entropies, *dlog_prob, *dentropy;
};

template <class T>
void fused_head_backward(const T* hidden, const T* weight, const int32_t* targets,
                         const FusedHeadGradientInputs& inputs, float scale, float* dhidden, float* dweight,
                         const FusedHeadShape& shape, ThreadPool& pool);

}  // namespace pope
