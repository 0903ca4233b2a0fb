#include "kernels/token_logprobs/softmax_block.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

constexpr float kNegativeInfinity = -__builtin_inff();

constexpr float kLog2E = 1.44269504f;

// Logits further than this below the maximum have probability 0, and -inf never meets a product that would make it NaN.
constexpr float kNegligible = -87.0f;

// Vectors in work at once, each with sums of its own, so that no addition waits for the one before it.
constexpr int kTogether = 2;

// Calls body(which, values, first, count) for the vectors of z[0..n), `which` of those in work at once; lanes beyond n
// are -inf, which has probability 0.
template <class Body>
inline void each_vector(const float* z, int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kTogether * kLanes <= n; i += kTogether * kLanes) {
    for (int which = 0; which < kTogether; ++which) {
      const int64_t first = i + which * kLanes;
      body(which, load(z + first), first, static_cast<int64_t>(kLanes));
    }
  }
  for (; i + kLanes <= n; i += kLanes) body(0, load(z + i), i, static_cast<int64_t>(kLanes));
  if (i < n) body(0, load_partial(z + i, n - i, kNegativeInfinity), i, n - i);
}

SoftmaxSums sums(const float* z, int64_t n) {
  Vec maxima[kTogether];
  for (Vec& maximum : maxima) maximum = broadcast(kNegativeInfinity);
  each_vector(z, n, [&](int which, Vec v, int64_t, int64_t) {
    maxima[which] = v > maxima[which] ? v : maxima[which];
  });
  float max = kNegativeInfinity;
  for (const Vec& maximum : maxima) {
    const float largest = max_lanes(maximum);
    max = largest > max ? largest : max;
  }

  // Where all is -inf (or NaN, which no comparison sees), 0 stands in for the maximum: -inf - (-inf) would be NaN.
  const float shift = max == kNegativeInfinity ? 0.0f : max;
  Vec totals[kTogether] = {}, weighted[kTogether] = {};
  each_vector(z, n, [&](int which, Vec v, int64_t first, int64_t) {
    __builtin_prefetch(z + n + first);  // the next block, most likely: arithmetic hides the time it takes to arrive
    const Vec below = v - shift;
    const IntVec negligible = below < kNegligible;
    const Vec difference = negligible ? Vec{} : below;
    const Vec p = negligible ? Vec{} : exp2_not_positive(difference * kLog2E);
    totals[which] += p;
    weighted[which] += difference * p;
  });
  SoftmaxSums block = {max, 0, 0};
  for (int which = 0; which < kTogether; ++which) {
    for (int lane = 0; lane < kLanes; ++lane) {
      block.sum += static_cast<double>(totals[which][lane]);
      block.weighted += static_cast<double>(weighted[which][lane]);
    }
  }
  return block;
}

void gradient(const SoftmaxGradient& row, const float* z, int64_t n, int64_t target, float* out) {
  // With d = z - max, whose rounding is small where it matters: log p = d - log_sum, and the gradient but for the
  // target's own is -p (a + h d).
  const float a = row.g + row.h * (row.entropy - row.log_sum);
  const float least = kNegligible + row.log_sum, log2_sum = row.log_sum * kLog2E;
  each_vector(z, n, [&](int, Vec v, int64_t first, int64_t count) {
    const Vec below = v - row.max;
    const IntVec negligible = below < least;
    const Vec d = negligible ? Vec{} : below;
    const Vec p = negligible ? Vec{} : exp2_not_positive(d * kLog2E - log2_sum);
    const Vec gradient = -p * (a + row.h * d);
    count == kLanes ? store(out + first, gradient) : store_partial(out + first, gradient, count);
  });
  if (target >= 0 && target < n) out[target] += row.g;
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {sums, gradient};

}  // namespace pope::POPE_ISA
