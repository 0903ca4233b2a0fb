// The table of ops. One line per op, in the order of docs/native-ops.md; the function is in <room>/<name>.op.cpp. An op
// either writes every element of its outputs or updates them: then what they held matters.
#include "kernels/op.h"

#define POPE_OPS(X)                    \
  X(cast, writes)                      \
  X(embedding, writes)                 \
  X(gather_rows, writes)               \
  X(columns, writes)                   \
  X(add, writes)                       \
  X(matmul, writes)                    \
  X(rms_norm, writes)                  \
  X(layer_norm, writes)                \
  X(rope, writes)                      \
  X(attention, writes)                 \
  X(swiglu, writes)                    \
  X(gelu, writes)                      \
  X(fused_head, writes)                \
  X(token_logprobs, writes)            \
  X(token_logprobs_grad, writes)       \
  X(sequence_reduce, writes)           \
  X(weights, writes)                   \
  X(slate_value, writes)               \
  X(slate_coefficients, writes)        \
  X(fill, writes)                      \
  X(accumulate, updates)               \
  X(dropout, writes)                   \
  X(matmul_weight_gradient, updates)   \
  X(bias_gradient, updates)            \
  X(embedding_backward, updates)       \
  X(gather_rows_backward, writes)      \
  X(columns_backward, updates)         \
  X(rms_norm_backward, updates)        \
  X(layer_norm_backward, updates)      \
  X(rope_backward, writes)             \
  X(attention_backward, writes)        \
  X(swiglu_backward, writes)           \
  X(gelu_backward, writes)             \
  X(fused_head_backward, updates)      \
  X(squared_sum, updates)              \
  X(adamw, updates)                    \
  X(scatter_rows, updates)             \
  X(attention_decode, writes)          \
  X(sample, writes)

namespace pope {

#define POPE_DECLARE(name, effect) Work prepare_##name(const OpCall&);
POPE_OPS(POPE_DECLARE)
#undef POPE_DECLARE

namespace {

#define POPE_ENTRY(name, effect) Op{#name, prepare_##name, Effect::effect},
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
