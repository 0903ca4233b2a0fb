// The softmax sums of fused_head.cuda.h: one pass over each slice of logits, a block of threads per row, sums in float.
// Online softmax with a second moment for the entropy, as in token_logprobs/softmax_sums.h.
#include "kernels/fused_head/fused_head.cuda.h"

#include "kernels/fused_head/logit_slices.cuda.h"
#include "kernels/token_logprobs/row_sums.cuda.h"
#include "kernels/token_logprobs/targets.cuda.h"

namespace pope::cuda {

namespace {

// What is known of a row after some slices; 16 bytes, so one load.
struct RowState {
  RowSums sums;
  float target_logit;
};

// The sums of scale * logits[0..tokens), in every thread. The row begins on a 16-byte boundary and has room for whole packs.
template <int kThreads>
__device__ inline RowSums slice_sums(const float* logits, int tokens, float scale) {
  constexpr int size = Pack<float>::size;
  RowSums sums;
#pragma unroll 8
  for (int first = threadIdx.x * size; first < tokens; first += kThreads * size) {
    const Pack<float> pack = load_pack(logits + first);
    float z[size];
#pragma unroll
    for (int j = 0; j < size; ++j) z[j] = first + j < tokens ? scale * pack.at[j] : -INFINITY;
    add(sums, z);
  }
  return block_total<kThreads>(sums);
}

// A slice of logits and where it lies.
struct Slice {
  const float* logits;
  int64_t pitch;
  int rows, first_token, tokens;
  bool last;
};

template <int kThreads>
__global__ void __launch_bounds__(kThreads)
    sum_slice(Slice slice, const int32_t* targets, int vocab, float scale, RowState* states, FusedHeadOutputs outputs,
              int64_t first_row, RefusalWord* refusals) {
  for (int row = blockIdx.x; row < slice.rows; row += gridDim.x) {
    const float* const logits = slice.logits + row * slice.pitch;
    RowSums sums = slice_sums<kThreads>(logits, slice.tokens, scale);
    if (threadIdx.x != 0) continue;

    float target_logit = NAN;
    if (slice.first_token > 0) {
      sums = merge(states[row].sums, sums);
      target_logit = states[row].target_logit;
    }
    const int target = targets[row], in_slice = target - slice.first_token;
    if (in_slice >= 0 && in_slice < slice.tokens) target_logit = scale * logits[in_slice];
    if (!slice.last) {
      states[row] = {sums, target_logit};
      continue;
    }
    const bool valid = require_target(target, first_row + row, vocab, refusals);
    outputs.log_probs[row] = valid ? log_probability(sums, target_logit) : NAN;
    outputs.entropies[row] = valid ? entropy(sums) : NAN;
    outputs.log_sum_exp[row] = valid ? log_sum_exp(sums) : NAN;
  }
}

}  // namespace

void fused_head(const void* hidden, const void* weight, int32_t dtype, const int32_t* targets, float scale,
                const FusedHeadOutputs& outputs, const FusedHeadShape& shape, Stream& stream) {
  if (shape.rows == 0) return;
  const LogitSlices slices(shape);
  const HeadFactors factors{hidden, weight, shape.width, dtype};
  const auto logits = stream.scratch<float>(slices.rows * slices.tokens);
  const auto states = stream.scratch<RowState>(slices.rows);
  RefusalWord* const refusals = stream.refusals(describe_target("fused_head", shape.vocab));

  for (int64_t row = 0; row < shape.rows; row += slices.rows) {
    const FusedHeadOutputs row_outputs{outputs.log_probs + row, outputs.entropies + row, outputs.log_sum_exp + row};
    for (int64_t token = 0; token < shape.vocab; token += slices.tokens) {
      const LogitSlice slice = slices.slice(shape, row, token);
      multiply_slice(factors, slice, logits.data(), slices.tokens, stream);
      const Slice summed{logits.data(), slices.tokens, static_cast<int>(slice.rows), static_cast<int>(token),
                         static_cast<int>(slice.tokens), token + slice.tokens == shape.vocab};
      const auto launch = [&](auto kernel, int threads) {
        POPE_LAUNCH(kernel, row_blocks(slice.rows, threads, stream), threads, 0, stream.handle(), summed, targets + row,
                    static_cast<int>(shape.vocab), scale, states.data(), row_outputs, row, refusals);
      };
      many_rows(slice.rows, stream) ? launch(sum_slice<32>, 32) : launch(sum_slice<256>, 256);
    }
  }
}

}  // namespace pope::cuda
