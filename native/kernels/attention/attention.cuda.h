// attention and attention_backward on a GPU: formulas, shapes and masks in attention.h and attention_backward.h. q, k,
// v, out and the gradients are all of `dtype` (POPE_F32, POPE_F16, POPE_BF16), log_sum_exp and every sum are float.
//
// No matrix of scores is ever held. Forward: a block has 64 rows of one query head, walks the tiles of keys that any
// of them sees, and keeps for each row the largest score, the sum of exponentials and the weighted sum of values
// (online softmax; Milakov and Gimelshein, 2018). Tiles that the mask excludes are neither read nor multiplied: a
// packed slate costs what its responses see. Backward: the scores are formed again from the stored log-sum-exp, once
// by blocks of rows for dq and once by blocks of keys for dk and dv, so that every sum has one owner and one order:
// equal calls give equal bits. After FlashAttention-2 (Dao, 2023), but for the second pass, which takes the place of
// its atomic additions.
//
// The sums of a row are cut by where its keys lie, so its last bits may differ in another batch; and what is not
// finite in a row of v reaches every row whose tile it lies in, as 0 times it.
//
// A head may have up to kMostHead elements; what is none of 32, 64, 80, 96, 128 is padded with zeros to the next of
// them. A block takes at most 99 KiB of shared memory, the limit of the smallest GPUs. All in one stream, in order.
#pragma once

#include "cuda/stream.h"
#include "kernels/attention/attention.h"
#include "kernels/decode/attention_decode.h"

namespace pope::cuda {

constexpr int64_t kMostHead = 128;

// log_sum_exp [heads, rows], of scale q . k over what each row sees, is not written when nullptr.
void attention(const void* q, const void* k, const void* v, int32_t dtype, const Segment* segments, void* out,
               float* log_sum_exp, const AttentionShape& shape, float scale, Stream& stream);

// Pointers as in attention_backward; log_sum_exp as attention wrote it.
struct AttentionBackward {
  const void *q, *k, *v, *out, *dout;
  const float* log_sum_exp;
  int32_t dtype;
  const Segment* segments;
  void *dq, *dk, *dv;
  AttentionShape shape;
  float scale;
};
void attention_backward(const AttentionBackward& a, Stream& stream);

// Attention for any spans that were checked: `keys` rows of k and v, of which row t of q sees those of spans[t].
struct AttendShape {
  int64_t rows, heads, kv, head, keys;
};
void attend(const void* q, const void* k, const void* v, int32_t dtype, const CacheSpan* spans, void* out,
            float* log_sum_exp, const AttendShape& shape, float scale, Stream& stream);

}  // namespace pope::cuda
