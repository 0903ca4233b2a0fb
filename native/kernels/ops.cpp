// The table of ops. One line per op, in the order of docs/native-ops.md; the function is in <room>/<name>.op.cpp. An op
// either writes every element of its outputs or updates (or keeps) them: then what they held matters. The last column says whether
// there is a kernel for CUDA.
#include "kernels/op.h"

#define POPE_OPS(X)                          \
  X(cast, writes, yes)                       \
  X(cast_into, updates, yes)                 \
  X(narrow, writes, yes)                     \
  X(narrow_into, updates, yes)               \
  X(embedding, writes, yes)                  \
  X(gather_rows, writes, yes)                \
  X(columns, writes, yes)                    \
  X(add, writes, yes)                        \
  X(matmul, writes, yes)                     \
  X(rms_norm, writes, yes)                   \
  X(layer_norm, writes, yes)                 \
  X(rope, writes, yes)                       \
  X(attention, writes, yes)                  \
  X(swiglu, writes, yes)                     \
  X(gelu, writes, yes)                       \
  X(fused_head, writes, yes)                 \
  X(token_logprobs, writes, yes)             \
  X(token_logprobs_grad, writes, yes)        \
  X(sequence_reduce, writes, yes)            \
  X(weights, writes, yes)                    \
  X(slate_value, writes, yes)                \
  X(slate_coefficients, writes, yes)         \
  X(poisson_bootstrap, writes, yes)          \
  X(exact_sum, writes, no)                   \
  X(scalar_terms, writes, no)                \
  X(fill, writes, yes)                       \
  X(accumulate, updates, yes)                \
  X(dropout, writes, yes)                    \
  X(matmul_weight_gradient, updates, yes)    \
  X(bias_gradient, updates, yes)             \
  X(embedding_backward, updates, yes)        \
  X(gather_rows_backward, writes, yes)       \
  X(columns_backward, updates, yes)          \
  X(rms_norm_backward, updates, yes)         \
  X(layer_norm_backward, updates, yes)       \
  X(rope_backward, writes, yes)              \
  X(attention_backward, writes, yes)         \
  X(swiglu_backward, writes, yes)            \
  X(gelu_backward, writes, yes)              \
  X(fused_head_backward, updates, yes)       \
  X(squared_sum, updates, yes)               \
  X(adamw, keeps, yes)                       \
  X(scatter_rows, updates, yes)              \
  X(attention_decode, writes, yes)           \
  X(sample, writes, yes)                     \
  X(advance, updates, yes)

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
