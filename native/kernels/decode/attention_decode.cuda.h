// attention_decode on a GPU: formula, shapes and spans in attention_decode.h. keys and values are of `dtype` (POPE_F32,
// POPE_F16, POPE_BF16), sums are float.
//
// A row of its own keys is bound by the memory they are read from: a block reads the keys and values of one row and
// one key-value head once, for up to kGroup of the query heads that share them. Rows that see many keys are cut, by a
// rule that knows only how many they see, into at most kMostParts parts for as many blocks, whose sums a second kernel
// merges in order ("Flash-Decoding"; Dao, Haziza, Massa and Sizov, 2023): the bits of a row do not depend on the
// batch.
//
// Where there are as many rows as a cache of floats has, as in an encoder, neighbours see the same keys: they go through attend
// (attention/attention.cuda.h), 64 rows at a time, with sums that are cut by where the keys lie.
#pragma once

#include "cuda/stream.h"
#include "kernels/decode/attention_decode.h"

namespace pope::cuda {

void attention_decode(const float* q, const void* keys, const void* values, int32_t dtype, const CacheSpan* spans,
                      float* out, const DecodeShape& shape, float scale, Stream& stream);

}  // namespace pope::cuda
