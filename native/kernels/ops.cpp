// The table of ops. One line per op, in the order of docs/native-ops.md; the function is in <room>/<name>.op.cpp.
#include "kernels/op.h"

#define POPE_OPS(X)      \
  X(cast)                \
  X(embedding)           \
  X(gather_rows)         \
  X(columns)             \
  X(add)                 \
  X(matmul)              \
  X(rms_norm)            \
  X(layer_norm)          \
  X(rope)                \
  X(attention)           \
  X(swiglu)              \
  X(gelu)                \
  X(fused_head)          \
  X(token_logprobs)      \
  X(token_logprobs_grad) \
  X(sequence_reduce)     \
  X(weights)             \
  X(slate_value)         \
  X(slate_coefficients)

namespace pope {

#define POPE_DECLARE(name) Work prepare_##name(const OpCall&);
POPE_OPS(POPE_DECLARE)
#undef POPE_DECLARE

namespace {

#define POPE_ENTRY(name) Op{#name, prepare_##name},
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
