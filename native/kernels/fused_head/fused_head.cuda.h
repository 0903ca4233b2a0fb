// fused_head and fused_head_backward on a GPU: formulas and shapes in fused_head.h and fused_head_backward.h. hidden and
// weight are of `dtype` (POPE_F32, POPE_F16, POPE_BF16); all else, the gradients too, is float.
//
// All rows (up to kBlockRows) are multiplied with one slice of the vocabulary after the other, so that the weight is read
// once and each product is bound by arithmetic. Of the logits only one slice is held, in float, small enough for the
// second-level cache; each leaves its softmax sums in one state per row. The backward pass forms the logits of a slice
// again, turns them into their gradient with the stored log-sum-exp and multiplies that, several slices at once, with
// weight and hidden: the weight's gradient is then visited once per block of rows and the gradient of hidden, in float,
// once per group of slices. The gradient of the logits is rounded to `dtype` for these products: in f16 what lies below
// 6e-8 is lost, so objectives want to be scaled there.
#pragma once

#include "cuda/stream.h"
#include "kernels/fused_head/fused_head.h"
#include "kernels/fused_head/fused_head_backward.h"

namespace pope::cuda {

void fused_head(const void* hidden, const void* weight, int32_t dtype, const int32_t* targets, float scale,
                const FusedHeadOutputs& outputs, const FusedHeadShape& shape, Stream& stream);

void fused_head_backward(const void* hidden, const void* weight, int32_t dtype, const int32_t* targets,
                         const FusedHeadGradientInputs& inputs, float scale, float* dhidden, float* dweight,
                         const FusedHeadShape& shape, Stream& stream);

}  // namespace pope::cuda
