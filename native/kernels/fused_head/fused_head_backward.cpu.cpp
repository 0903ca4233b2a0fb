#include "kernels/fused_head/fused_head_backward.h"

#include <algorithm>
#include <type_traits>

#include "core/scratch.h"
#include "kernels/elementwise/narrow.h"
#include "kernels/matmul/matmul.h"
#include "kernels/token_logprobs/softmax_sums.h"
#include "pope.h"

namespace pope {

namespace {

constexpr int64_t kBlockRows = 512, kSliceVocabulary = 2048;  // 4 MiB of logits: products large enough for all threads
constexpr int64_t kGrain = 4;                                 // rows of logits

thread_local Scratch logit_memory, rounded_memory;

}  // namespace

template <class T>
void fused_head_backward(const T* hidden, const T* weight, const int32_t* targets,
                         const FusedHeadGradientInputs& inputs, float scale, float* dhidden, float* dweight,
                         const FusedHeadShape& shape, ThreadPool& pool) {
  const int64_t rows = shape.rows, width = shape.width, vocab = shape.vocab;
  const SoftmaxKernels& kernels = active_softmax_kernels();
  constexpr bool kRounded = !std::is_same_v<T, float>;
  const int64_t held = std::min(rows, kBlockRows) * std::min(vocab, kSliceVocabulary);
  float* logits = logit_memory.floats(held);
  T* const factors = reinterpret_cast<T*>(kRounded ? rounded_memory.floats(held) : logits);  // their gradients as those of products
  std::fill_n(dhidden, rows * width, 0.0f);

  for (int64_t row = 0; row < rows; row += kBlockRows) {
    const int64_t count = std::min(kBlockRows, rows - row);
    for (int64_t token = 0; token < vocab; token += kSliceVocabulary) {
      const int64_t tokens = std::min(kSliceVocabulary, vocab - token);
      const T* slice = weight + token * width;
      matmul(hidden + row * width, slice, nullptr, logits, {count, tokens, width, true}, pool);
      pool.parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t r = row + i;
          const SoftmaxGradient coefficients{
              .max = inputs.log_sum_exp[r],
              .log_sum = 0.0f,  // is in the log-sum-exp
              .entropy = inputs.entropies[r],
              .g = scale * inputs.dlog_prob[r],
              .h = inputs.dentropy ? scale * inputs.dentropy[r] : 0.0f,
          };
          float* z = logits + i * tokens;
          for (int64_t v = 0; v < tokens; ++v) z[v] *= scale;
          kernels.gradient(coefficients, z, tokens, targets[r] - token, z, false);
          if constexpr (kRounded) narrow(z, factors + i * tokens, tokens, POPE_BF16);
        }
      });
      add_product(factors, slice, dhidden + row * width, {count, width, tokens, false}, pool);
      if (dweight) {
        add_transposed_product(factors, hidden + row * width, dweight + token * width, tokens, width, count, pool);
      }
    }
  }
}

template void fused_head_backward(const float*, const float*, const int32_t*, const FusedHeadGradientInputs&, float,
                                  float*, float*, const FusedHeadShape&, ThreadPool&);
template void fused_head_backward(const uint16_t*, const uint16_t*, const int32_t*, const FusedHeadGradientInputs&,
                                  float, float*, float*, const FusedHeadShape&, ThreadPool&);

}  // namespace pope
