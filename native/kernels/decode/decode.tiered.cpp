#include "kernels/decode/decode.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

void scores(const float* q, const float* keys, int64_t stride, int64_t count, int64_t head, float* scores) {
  const int64_t whole = head / kLanes * kLanes, rest = head - whole;
  const Vec tail = load_partial(q + whole, rest, 0.0f);
  for (int64_t u = 0; u < count; ++u) {
    const float* key = keys + u * stride;
    Vec sum = tail * load_partial(key + whole, rest, 0.0f);
    for (int64_t d = 0; d < whole; d += kLanes) sum += load(q + d) * load(key + d);
    scores[u] = sum_lanes(sum);
  }
}

void mix(const float* weights, const float* values, int64_t stride, int64_t count, int64_t head, float* out) {
  const int64_t whole = head / kLanes * kLanes, rest = head - whole;
  for (int64_t d = 0; d < whole; d += kLanes) {
    Vec sum = load(out + d);
    for (int64_t u = 0; u < count; ++u) sum += weights[u] * load(values + u * stride + d);
    store(out + d, sum);
  }
  if (rest == 0) return;
  Vec sum = load_partial(out + whole, rest, 0.0f);
  for (int64_t u = 0; u < count; ++u) sum += weights[u] * load_partial(values + u * stride + whole, rest, 0.0f);
  store_partial(out + whole, sum, rest);
}

}  // namespace

extern const DecodeKernels decode_kernels;
const DecodeKernels decode_kernels = {scores, mix};

}  // namespace pope::POPE_ISA
