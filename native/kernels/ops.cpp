// The table of ops. One line per op, in the order of docs/native-ops.md; the function is in <room>/<name>.op.cpp. An op
// either writes every element of its outputs or updates them: then what they held matters. The last column says whether
// there is a kernel for CUDA.
#include "kernels/op.h"

#define POPE_OPS(X)                          \
  X(cast, writes, yes)                       \
  X(embedding, writes, no)                   \
  X(gather_rows, writes, no)                 \
  X(columns, writes, no)                     \
  X(add, writes, no)                         \
  X(matmul, writes, no)                      \
  X(rms_norm, writes, no)                    \
  X(layer_norm, writes, no)                  \
  X(rope, writes, no)                        \
  X(attention, writes, yes)                  \
  X(swiglu, writes, no)                      \
  X(gelu, writes, no)                        \
  X(fused_head, writes, yes)                 \
  X(token_logprobs, writes, yes)             \
  X(token_logprobs_grad, writes, yes)        \
  X(sequence_reduce, writes, yes)            \
  X(weights, writes, yes)                    \
  X(slate_value, writes, yes)                \
  X(slate_coefficients, writes, yes)         \
  X(poisson_bootstrap, writes, yes)          \
  X(fill, writes, no)                        \
  X(accumulate, updates, no)                 \
  X(dropout, writes, no)                     \
  X(matmul_weight_gradient, updates, no)     \
  X(bias_gradient, updates, no)              \
  X(embedding_backward, updates, no)         \
  X(gather_rows_backward, writes, no)        \
  X(columns_backward, updates, no)           \
  X(rms_norm_backward, updates, no)          \
  X(layer_norm_backward, updates, no)        \
  X(rope_backward, writes, no)               \
  X(attention_backward, writes, yes)         \
  X(swiglu_backward, writes, no)             \
  X(gelu_backward, writes, no)               \
  X(fused_head_backward, updates, yes)       \
  X(squared_sum, updates, no)                \
  X(adamw, updates, no)                      \
  X(scatter_rows, updates, no)               \
  X(attention_decode, writes, yes)           \
  X(sample, writes, no)

namespace pope {

#define POPE_DECLARE(name, effect, on_cuda) Work prepare_##name(const OpCall&);
POPE_OPS(POPE_DECLARE)
#undef POPE_DECLARE

namespace {

constexpr bool yes = true, no = false;
#define POPE_ENTRY(name, effect, on_cuda) Op{#name, prepare_##name, Effect::effect, on_cuda},
constexpr Op kOps[] = {POPE_OPS(POPE_ENTRY)};
#undef POPE_ENTRY

}  // namespace

std::span<const Op> all_ops() { return kOps; }

const Op* find_op(std::string_view name) {
  for (const Op& op : kOps) {
    if (op.name == name) return &op;
  }
  return nullptr;
}

}  // namespace pope
