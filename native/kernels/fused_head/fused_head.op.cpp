#include "abi/abi.h"
#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/fused_head/fused_head.reference.h"
#include "kernels/fused_head/fused_head_backward.reference.h"
#else
#include "kernels/fused_head/fused_head.h"
#include "kernels/fused_head/fused_head_backward.h"
#endif

namespace pope {

Work prepare_fused_head(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), vocab = call.size(2);
  const auto scale = static_cast<Scalar>(call.scalar(0));
  const Scalar* hidden = call.input<Scalar>(0, checked_product({rows, width}));
  const Scalar* weight = call.input<Scalar>(1, checked_product({vocab, width}));
  const int32_t* targets = call.input<int32_t>(2, rows);
  Scalar* log_probs = call.output<Scalar>(0, rows);
  Scalar* entropies = call.output<Scalar>(1, rows);
  Scalar* log_sum_exp = call.output<Scalar>(2, rows);
  return [=]([[maybe_unused]] ThreadPool& pool) {
    abi::Arguments("fused_head").tokens("targets", targets, rows, vocab);
#ifdef POPE_REFERENCE
    reference::fused_head(hidden, weight, targets, scale, log_probs, entropies, log_sum_exp, rows, width, vocab);
#else
    fused_head(hidden, weight, targets, scale, {log_probs, entropies, log_sum_exp}, {rows, width, vocab}, pool);
#endif
  };
}

Work prepare_fused_head_backward(const OpCall& call) {
  const int64_t rows = call.size(0), width = call.size(1), vocab = call.size(2);
  const auto scale = static_cast<Scalar>(call.scalar(0));
  const Scalar* hidden = call.input<Scalar>(0, checked_product({rows, width}));
  const Scalar* weight = call.input<Scalar>(1, checked_product({vocab, width}));
  const int32_t* targets = call.input<int32_t>(2, rows);
  const Scalar* log_sum_exp = call.input<Scalar>(3, rows);
  const Scalar* entropies = call.input<Scalar>(4, rows);
  const Scalar* dlog_prob = call.input<Scalar>(5, rows);
  const Scalar* dentropy = call.optional_input<Scalar>(6, rows);
  Scalar* dhidden = call.output<Scalar>(0, checked_product({rows, width}));
  Scalar* dweight = call.optional_output<Scalar>(1, checked_product({vocab, width}));
  return [=]([[maybe_unused]] ThreadPool& pool) {
    abi::Arguments("fused_head_backward").tokens("targets", targets, rows, vocab);
#ifdef POPE_REFERENCE
    (void)log_sum_exp, (void)entropies;  // aids of the kernel
    reference::fused_head_backward(hidden, weight, targets, dlog_prob, dentropy, scale, dhidden, dweight, rows, width,
                                   vocab);
#else
    fused_head_backward(hidden, weight, targets, {log_sum_exp, entropies, dlog_prob, dentropy}, scale, dhidden, dweight,
                        {rows, width, vocab}, pool);
#endif
  };
}

}  // namespace pope
