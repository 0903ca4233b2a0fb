#include "kernels/token_logprobs/row_sums.cuda.h"

#include <algorithm>
#include "kernels/token_logprobs/targets.cuda.h"
#include "kernels/token_logprobs/token_logprobs.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kThreads = 1024;  // one block per multiprocessor, and ptxas must know: else it keeps to 32 registers

struct RowGradient {
  float max, log_sum, entropy;
  float g, h;  // dJ/d log_prob, dJ/d entropy

  // g (1[v = target] - p_v) - h p_v (log p_v + H)
  __device__ float operator()(float z, bool is_target) const {
    const float log_p = (z - max) - log_sum, p = fast_exp(log_p);
    return g * ((is_target ? 1.0f : 0.0f) - p) - h * p * (fmaxf(log_p, kFarBelow) + entropy);
  }
};

// `gradients` may be `logits`: no __restrict__, and a thread writes only what it has just read.
template <class T>
__global__ void __launch_bounds__(kThreads, 1) token_logprobs_grad_kernel(
    const T* logits, const int32_t* targets, const float* log_prob_gradient, const float* entropy_gradient,
    T* gradients, int64_t rows, int64_t vocab, RefusalWord* refusals) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* z = logits + row * vocab;
    T* const out = gradients + row * vocab;
    const int32_t target = targets[row];
    const RowSums sums = row_sums<kThreads, false>(z, vocab);
    const RowGradient gradient = {sums.max, logf(sums.sum), entropy(sums),
                                  target >= 0 && target < vocab ? log_prob_gradient[row] : NAN,
                                  entropy_gradient ? entropy_gradient[row] : 0.0f};
    if (threadIdx.x == 0) require_target(target, row, vocab, refusals);
    const auto element = [&](const T* p) {
      out[p - z] = from_float<T>(gradient(to_float(*p), p - z == target));
    };
    // Another offset from the boundary than that of the logits: no packs to write.
    if (elements_to_boundary(z) != elements_to_boundary(out)) {
      for (int64_t v = threadIdx.x; v < vocab; v += kThreads) element(z + v);
      continue;
    }
    for_row<kThreads>(
        z, vocab,
        [&](const T* p) {
          Pack<T> pack = load_pack(p);
          const int64_t v = p - z;
#pragma unroll
          for (int i = 0; i < Pack<T>::size; ++i) {
            pack.at[i] = from_float<T>(gradient(to_float(pack.at[i]), v + i == target));
          }
          store_pack(out + v, pack);
        },
        element);
  }
}

template <class T>
void launch(const pope_token_logprobs_grad_args& args, Stream& stream) {
  const unsigned blocks = blocks_of_rows(std::min<int64_t>(args.rows, stream.properties().multiprocessors));
  POPE_LAUNCH(token_logprobs_grad_kernel<T>, blocks, kThreads, 0, stream.handle(), static_cast<const T*>(args.logits),
              args.targets, args.log_prob_gradient, args.entropy_gradient, static_cast<T*>(args.logits_gradient),
              args.rows, args.vocab, stream.refusals(describe_target("token_logprobs_grad", args.vocab)));
}

}  // namespace

void token_logprobs_grad(const pope_token_logprobs_grad_args& args, Stream& stream) {
  if (args.rows == 0) return;
  if (args.dtype == POPE_F32) return launch<float>(args, stream);
  if (args.dtype == POPE_F16) return launch<f16>(args, stream);
  launch<bf16>(args, stream);
}

}  // namespace pope::cuda
