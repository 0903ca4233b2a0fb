// The gradient of the logits of fused_head.cuda.h, slice by slice, and its products.
#include "cuda/cuda.h"

#include <algorithm>
#include "cuda/math.h"
#include "kernels/fused_head/fused_head.cuda.h"
#include "kernels/fused_head/logit_slices.cuda.h"
#include "kernels/token_logprobs/targets.cuda.h"

namespace pope::cuda {

namespace {

// dJ/dz of one row; the log-sum-exp is subtracted first, because the difference of near numbers is exact.
struct RowGradient {
  float log_sum_exp, entropy, g, h;

  __device__ float at(float logit) const {
    const float log_p = logit - log_sum_exp, p = fast_exp(log_p);
    // p log p is 0 where p is, -inf included.
    return p == 0 ? 0 * g : -p * (g + h * (log_p + entropy));
  }
};

template <class T>
struct Slice {
  const float* logits;
  int64_t pitch;
  T* gradients;
  int64_t gradient_pitch;
  int rows, first_token, tokens;
};

// Eight logits per thread at a time: what 16 bytes of a 16-bit gradient hold.
template <class T, int kThreads>
__global__ void __launch_bounds__(kThreads)
    slice_gradient(Slice<T> slice, const int32_t* targets, FusedHeadGradientInputs inputs, int vocab, float scale,
                   int64_t first_row, RefusalWord* refusals) {
  constexpr int kWidth = 8, kHalf = Pack<float>::size;
  for (int row = blockIdx.x; row < slice.rows; row += gridDim.x) {
    const int target = targets[row], in_slice = target - slice.first_token;
    const bool valid = target >= 0 && target < vocab;
    if (threadIdx.x == 0) require_target(target, first_row + row, vocab, refusals);
    const RowGradient gradient{inputs.log_sum_exp[row], inputs.entropies[row],
                               valid ? scale * inputs.dlog_prob[row] : NAN,
                               inputs.dentropy ? scale * inputs.dentropy[row] : 0};
    const float* const logits = slice.logits + row * slice.pitch;
    T* const gradients = slice.gradients + row * slice.gradient_pitch;
#pragma unroll 4
    for (int first = threadIdx.x * kWidth; first < slice.tokens; first += kThreads * kWidth) {
      const Pack<float> z[2] = {load_pack(logits + first), load_pack(logits + first + kHalf)};
      T dz[kWidth];
#pragma unroll
      for (int j = 0; j < kWidth; ++j) {
        const float indicated = first + j == in_slice ? gradient.g : 0;
        dz[j] = from_float<T>(indicated + gradient.at(scale * z[j / kHalf].at[j % kHalf]));
      }
#pragma unroll
      for (int j = 0; j < kWidth; j += Pack<T>::size) {
        Pack<T> pack;
        memcpy(&pack, dz + j, sizeof pack);
        store_pack(gradients + first + j, pack);
      }
    }
  }
}

FusedHeadGradientInputs from_row(const FusedHeadGradientInputs& inputs, int64_t row) {
  return {inputs.log_sum_exp + row, inputs.entropies + row, inputs.dlog_prob + row,
          inputs.dentropy ? inputs.dentropy + row : nullptr};
}

template <class T>
void backward(const HeadFactors& factors, const int32_t* targets, const FusedHeadGradientInputs& inputs, float scale,
              float* dhidden, float* dweight, const FusedHeadShape& shape, Stream& stream) {
  const LogitSlices slices(shape);
  const int64_t width = shape.width, vocab = shape.vocab;
  const int64_t group_tokens = std::min(kGroupSlices * slices.tokens, round_up(vocab, kTokenStep));
  const auto logits = stream.scratch<float>(slices.rows * slices.tokens);
  const auto gradients = stream.scratch<T>(slices.rows * group_tokens);
  RefusalWord* const refusals = stream.refusals(describe_target("fused_head_backward", vocab));

  const auto slice_gradients = [&](const LogitSlice& slice, T* dz) {
    multiply_slice(factors, slice, logits.data(), slices.tokens, stream);
    const Slice<T> part{logits.data(), slices.tokens, dz, group_tokens, static_cast<int>(slice.rows),
                        static_cast<int>(slice.token), static_cast<int>(slice.tokens)};
    const auto launch = [&](auto kernel, int threads) {
      POPE_LAUNCH(kernel, row_blocks(slice.rows, threads, stream), threads, 0, stream.handle(), part,
                  targets + slice.row, from_row(inputs, slice.row), static_cast<int>(vocab), scale, slice.row, refusals);
    };
    many_rows(slice.rows, stream) ? launch(slice_gradient<T, 32>, 32) : launch(slice_gradient<T, 256>, 256);
  };

  for (int64_t row = 0; row < shape.rows; row += slices.rows) {
    const int64_t rows = std::min(slices.rows, shape.rows - row);
    for (int64_t group = 0; group < vocab; group += group_tokens) {
      const int64_t tokens = std::min(group_tokens, vocab - group);
      for (int64_t token = 0; token < tokens; token += slices.tokens) {
        slice_gradients(slices.slice(shape, row, group + token), gradients.data() + token);
      }
      product({.form = ProductForm::plain,
               .m = rows,
               .n = width,
               .k = tokens,
               .a = gradients.data(),
               .a_pitch = group_tokens,
               .b = factors.weight_from(group),
               .b_pitch = width,
               .c = dhidden + row * width,
               .c_pitch = width,
               .accumulate = group > 0,
               .dtype = factors.dtype},
              stream);
      if (!dweight) continue;
      product({.form = ProductForm::a_transposed,
               .m = tokens,
               .n = width,
               .k = rows,
               .a = gradients.data(),
               .a_pitch = group_tokens,
               .b = factors.hidden_from(row),
               .b_pitch = width,
               .c = dweight + group * width,
               .c_pitch = width,
               .accumulate = true,
               .dtype = factors.dtype},
              stream);
    }
  }
}

}  // namespace

void fused_head_backward(const void* hidden, const void* weight, int32_t dtype, const int32_t* targets,
                         const FusedHeadGradientInputs& inputs, float scale, float* dhidden, float* dweight,
                         const FusedHeadShape& shape, Stream& stream) {
  if (shape.rows == 0) return;
  const auto run = dtype == POPE_F32 ? backward<float> : dtype == POPE_F16 ? backward<f16> : backward<bf16>;
  run({hidden, weight, shape.width, dtype}, targets, inputs, scale, dhidden, dweight, shape, stream);
}

}  // namespace pope::cuda
