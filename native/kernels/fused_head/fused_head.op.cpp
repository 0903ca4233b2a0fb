#include "abi/abi.h"
#include "kernels/op.h"
#include "pope.h"

#ifdef POPE_REFERENCE
#include "kernels/elementwise/exact.reference.h"
#include "kernels/fused_head/fused_head.reference.h"
#include "kernels/fused_head/fused_head_backward.reference.h"
#else
#include "kernels/factor_type.h"
#include "kernels/fused_head/fused_head.h"
#include "kernels/fused_head/fused_head_backward.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/fused_head/fused_head.cuda.h"
#endif

namespace pope {

namespace {

// What both ops begin with. hidden and weight have two or four bytes per element, by dtype.
struct Head {
  int64_t rows, width, vocab;
  int32_t dtype;
  const void *hidden, *weight;
  const int32_t* targets;

  explicit Head(const OpCall& call)
      : rows(call.size(0)),
        width(call.size(1)),
        vocab(call.size(2)),
        dtype(call.float_type(3)) {
    if (vocab == 0 && rows > 0) call.fail(Status::out_of_range, "an empty vocabulary has no targets");
    hidden = call.float_input(0, checked_product({rows, width}), dtype);
    weight = call.float_input(1, checked_product({vocab, width}), dtype);
    targets = call.input<int32_t>(2, rows);
  }

  // What only the CPU asks before it works; a GPU checks targets where it reads them.
  void require_cpu(const char* op) const {
    const abi::Arguments arguments(op);
    arguments.tokens("targets", targets, rows, vocab);
  }
};

#ifdef POPE_REFERENCE
using reference::exact;
#endif

}  // namespace

Work prepare_fused_head(const OpCall& call) {
  const Head head(call);
  const auto scale = static_cast<Scalar>(call.scalar(0));
  Scalar* log_probs = call.output<Scalar>(0, head.rows);
  Scalar* entropies = call.output<Scalar>(1, head.rows);
  Scalar* log_sum_exp = call.output<Scalar>(2, head.rows);
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
    head.require_cpu("fused_head");
#ifdef POPE_REFERENCE
    reference::fused_head(exact<Scalar>(head.hidden, head.dtype, head.rows * head.width).data(),
                          exact<Scalar>(head.weight, head.dtype, head.vocab * head.width).data(), head.targets, scale,
                          log_probs, entropies, log_sum_exp, head.rows, head.width, head.vocab);
#else
    with_factor_type("fused_head", head.dtype, [&]<class T>(T) {
      fused_head(static_cast<const T*>(head.hidden), static_cast<const T*>(head.weight), head.targets, scale,
                 {log_probs, entropies, log_sum_exp}, {head.rows, head.width, head.vocab}, pool);
    });
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::fused_head(head.hidden, head.weight, head.dtype, head.targets, scale,
                             {log_probs, entropies, log_sum_exp}, {head.rows, head.width, head.vocab}, stream);
          })};
}

Work prepare_fused_head_backward(const OpCall& call) {
  const Head head(call);
  const auto scale = static_cast<Scalar>(call.scalar(0));
  const Scalar* log_sum_exp = call.input<Scalar>(3, head.rows);
  const Scalar* entropies = call.input<Scalar>(4, head.rows);
  const Scalar* dlog_prob = call.input<Scalar>(5, head.rows);
  const Scalar* dentropy = call.optional_input<Scalar>(6, head.rows);
  Scalar* dhidden = call.output<Scalar>(0, checked_product({head.rows, head.width}));
  Scalar* dweight = call.optional_output<Scalar>(1, checked_product({head.vocab, head.width}));
  const auto on_cpu = [=]([[maybe_unused]] ThreadPool& pool) {
    head.require_cpu("fused_head_backward");
#ifdef POPE_REFERENCE
    (void)log_sum_exp, (void)entropies;  // aids of the kernel
    reference::fused_head_backward(exact<Scalar>(head.hidden, head.dtype, head.rows * head.width).data(),
                                   exact<Scalar>(head.weight, head.dtype, head.vocab * head.width).data(), head.targets,
                                   dlog_prob, dentropy, scale, dhidden, dweight, head.rows, head.width, head.vocab);
#else
    with_factor_type("fused_head_backward", head.dtype, [&]<class T>(T) {
      fused_head_backward(static_cast<const T*>(head.hidden), static_cast<const T*>(head.weight), head.targets,
                          {log_sum_exp, entropies, dlog_prob, dentropy}, scale, dhidden, dweight,
                          {head.rows, head.width, head.vocab}, pool);
    });
#endif
  };
  return {on_cpu, POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::fused_head_backward(head.hidden, head.weight, head.dtype, head.targets,
                                      {log_sum_exp, entropies, dlog_prob, dentropy}, scale, dhidden, dweight,
                                      {head.rows, head.width, head.vocab}, stream);
          })};
}

}  // namespace pope
