// One block of a softmax row in vector arithmetic. The compiler lowers the vector types to whatever the target has; every
// operation below is exact in its order, so that the bits of a block depend on its logits and on the vector width only.
#include "kernels/token_logprobs/softmax_sums.h"

namespace pope {

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(float))));

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// exp(d) of a smaller d is below the smallest normal float, and taken as 0.
constexpr float kLowest = -87.0f;

inline __attribute__((always_inline)) void load(Floats& v, const float* from) {
  __builtin_memcpy(&v, from, sizeof v);
}

// The last n < kLanes elements, the rest -inf, which has probability 0.
inline __attribute__((always_inline)) void load_tail(Floats& v, const float* from, int64_t n) {
  v = Floats{} - kInfinity;
  __builtin_memcpy(&v, from, n * sizeof(float));
}

// p = exp(d) for d <= 0 with about 1 ulp; d is raised to kLowest where it is below, and p is 0 there. NaN stays NaN.
// d = n ln 2 + r with |r| <= ln 2 / 2, exp(r) by the polynomial of Cephes' expf (S. L. Moshier, netlib.org/cephes).
inline __attribute__((always_inline)) void exp_nonpositive(Floats& d, Floats& p) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const Ints tiny = d < kLowest;
  d = tiny ? Floats{} + kLowest : d;
  const Floats shifted = d * 1.44269504088896341f + kRound;
  const Floats n = shifted - kRound;
  const Floats r = (d - n * 0.693359375f) - n * -2.12194440e-4f;
  Floats q = r * 1.9875691500e-4f + 1.3981999507e-3f;
  q = q * r + 8.3334519073e-3f;
  q = q * r + 4.1665795894e-2f;
  q = q * r + 1.6666665459e-1f;
  q = q * r + 5.0000001201e-1f;
  q = q * r * r + r + 1.0f;
  Ints bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + 0x3f800000;  // 2^n; only the low 9 bits of `shifted` survive the shift, n is in them
  Floats power;
  __builtin_memcpy(&power, &bits, sizeof power);
  p = tiny ? Floats{} : q * power;
}

}  // namespace

SoftmaxSums softmax_sums(const float* z, int64_t n) {
  const int64_t whole = n - n % kLanes;
  Floats v, maxima = Floats{} - kInfinity;
  for (int64_t i = 0; i < whole; i += kLanes) {
    load(v, z + i);
    maxima = v > maxima ? v : maxima;
  }
  load_tail(v, z + whole, n - whole);
  maxima = v > maxima ? v : maxima;
  float max = -kInfinity;
  for (int lane = 0; lane < kLanes; ++lane) max = maxima[lane] > max ? maxima[lane] : max;

  // All -inf, except for NaN, which no comparison sees. A finite stand-in for the maximum keeps -inf - max = -inf.
  const float shift = max == -kInfinity ? 0.0f : max;
  Floats sums{}, weighted{}, p;
  for (int64_t i = 0; i < whole; i += kLanes) {
    load(v, z + i);
    v -= shift;
    exp_nonpositive(v, p);
    sums += p;
    weighted += v * p;
  }
  load_tail(v, z + whole, n - whole);
  v -= shift;
  exp_nonpositive(v, p);
  sums += p;
  weighted += v * p;

  SoftmaxSums block;
  block.max = max;
  for (int lane = 0; lane < kLanes; ++lane) {
    block.sum += static_cast<double>(sums[lane]);
    block.weighted += static_cast<double>(weighted[lane]);
  }
  return block;
}

void softmax_gradient(const SoftmaxGradient& row, const float* z, int64_t n, int64_t target, float* out) {
  Floats v, p;
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t count = n - i < kLanes ? n - i : kLanes;
    if (count == kLanes) {
      load(v, z + i);
    } else {
      load_tail(v, z + i, count);
    }
    v = (v - row.max) - row.log_sum;  // log p; the maximum first, because the difference of near logits is exact
    exp_nonpositive(v, p);
    const Floats gradient = -p * (row.g + row.h * (v + row.entropy));
    __builtin_memcpy(out + i, &gradient, count * sizeof(float));
  }
  if (target >= 0 && target < n) out[target] += row.g;
}

}  // namespace pope
