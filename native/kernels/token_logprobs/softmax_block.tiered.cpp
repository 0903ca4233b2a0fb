#include "kernels/token_logprobs/softmax_block.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

constexpr float kNegativeInfinity = -__builtin_inff();

// Below all differences whose exponential `exp` does not take as 0. Raised to it, -inf gives 0 times a number, not NaN.
constexpr float kNegligible = -88.0f;

inline Vec raise_negligible(Vec difference) {
  return difference < kNegligible ? broadcast(kNegligible) : difference;
}

// Calls body(values, first, count) for the vectors of z[0..n); lanes beyond n are -inf, which has probability 0.
template <class Body>
inline void each_vector(const float* z, int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(load(z + i), i, static_cast<int64_t>(kLanes));
  if (i < n) body(load_partial(z + i, n - i, kNegativeInfinity), i, n - i);
}

SoftmaxSums sums(const float* z, int64_t n) {
  Vec maxima = broadcast(kNegativeInfinity);
  each_vector(z, n, [&](Vec v, int64_t, int64_t) { maxima = v > maxima ? v : maxima; });
  const float max = max_lanes(maxima);

  // Where all is -inf (or NaN, which no comparison sees), 0 stands in for the maximum: -inf - (-inf) would be NaN.
  const float shift = max == kNegativeInfinity ? 0.0f : max;
  Vec total{}, weighted{};
  each_vector(z, n, [&](Vec v, int64_t, int64_t) {
    const Vec difference = raise_negligible(v - shift), p = exp(difference);
    total += p;
    weighted += difference * p;
  });
  SoftmaxSums block = {max, 0, 0};
  for (int lane = 0; lane < kLanes; ++lane) {
    block.sum += static_cast<double>(total[lane]);
    block.weighted += static_cast<double>(weighted[lane]);
  }
  return block;
}

void gradient(const SoftmaxGradient& row, const float* z, int64_t n, int64_t target, float* out) {
  each_vector(z, n, [&](Vec v, int64_t first, int64_t count) {
    // The maximum first, because the difference of near logits is exact.
    const Vec log_p = raise_negligible((v - row.max) - row.log_sum);
    const Vec gradient = -exp(log_p) * (row.g + row.h * (log_p + row.entropy));
    count == kLanes ? store(out + first, gradient) : store_partial(out + first, gradient, count);
  });
  if (target >= 0 && target < n) out[target] += row.g;
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {sums, gradient};

}  // namespace pope::POPE_ISA
