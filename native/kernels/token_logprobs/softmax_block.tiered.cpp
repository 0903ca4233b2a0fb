#include "kernels/token_logprobs/softmax_block.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

constexpr float kNegativeInfinity = -__builtin_inff();

constexpr float kLog2E = 1.44269504f;

// Logits further than this below the maximum have probability 0, and -inf never meets a product that would make it NaN.
constexpr float kNegligible = -87.0f;

// Vectors in work at once, each with sums of its own, so that no operation waits for the one before it.
constexpr int kTogether = 2, kMaximaTogether = 4;

// Terms that meet in floats before these are added in double: few, for precision.
constexpr int64_t kFloatTerms = 2048;

using WideDoubles = double __attribute__((vector_size(8 * kLanes)));

// Calls body(values, first) for z[0..n): kCount whole vectors from z[first] on, and at the end one at a time; lanes beyond
// n are -inf, which has probability 0.
template <int kCount, class Body>
inline void each_group(const float* z, int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kCount * kLanes <= n; i += kCount * kLanes) {
    Vec values[kCount];
    for (int u = 0; u < kCount; ++u) values[u] = load(z + i + u * kLanes);
    body(values, i);
  }
  for (; i < n; i += kLanes) {
    const Vec values[] = {i + kLanes <= n ? load(z + i) : load_partial(z + i, n - i, kNegativeInfinity)};
    body(values, i);
  }
}

// Values from p to the next boundary of a vector, at least one.
inline int64_t to_boundary(const float* p) {
  return kLanes - static_cast<int64_t>(reinterpret_cast<uintptr_t>(p) / sizeof(float) % kLanes);
}

// Of at least one vector; those at both ends overlap with their neighbours, which lie on the boundaries of vectors: a load across
// a boundary takes twice as long.
float largest_of_many(const float* z, int64_t n) {
  const Vec ends = larger(load(z), larger(load(z + n - kLanes), broadcast(kNegativeInfinity)));
  Vec maxima[kMaximaTogether];
  for (Vec& maximum : maxima) maximum = ends;
  const int64_t first = to_boundary(z);
  each_group<kMaximaTogether>(z + first, (n - first) / kLanes * kLanes, [&]<int kCount>(const Vec(&v)[kCount], int64_t) {
    for (int u = 0; u < kCount; ++u) maxima[u] = larger(v[u], maxima[u]);
  });
  for (int u = 1; u < kMaximaTogether; ++u) maxima[0] = larger(maxima[u], maxima[0]);
  return max_lanes(maxima[0]);
}

float largest(const float* z, int64_t n) {
  return n < kLanes ? max_lanes(load_partial(z, n, kNegativeInfinity)) : largest_of_many(z, n);
}

SoftmaxSums sums(const float* z, int64_t n) {
  // Where all is -inf (or NaN, which no comparison sees), 0 stands in for the maximum: -inf - (-inf) would be NaN.
  const float max = largest(z, n), shift = max == kNegativeInfinity ? 0.0f : max;
  WideDoubles total{}, weighted{};
  for (int64_t begin = 0; begin < n; begin += kFloatTerms) {
    Vec totals[kTogether] = {}, products[kTogether] = {};
    const int64_t terms = n - begin < kFloatTerms ? n - begin : kFloatTerms;
    each_group<kTogether>(z + begin, terms, [&]<int kCount>(const Vec(&v)[kCount], int64_t i) {
      Vec below[kCount], d[kCount], t[kCount], p[kCount];
      for (int u = 0; u < kCount; ++u) {
        __builtin_prefetch(z + begin + n + i + u * kLanes);  // most likely the next block, which arrives meanwhile
        below[u] = v[u] - shift;
      }
      for (int u = 0; u < kCount; ++u) d[u] = larger(broadcast(kNegligible), below[u]);
      for (int u = 0; u < kCount; ++u) t[u] = d[u] * kLog2E;
      exp2_not_positive(t, p);
      for (int u = 0; u < kCount; ++u) p[u] = below[u] < kNegligible ? Vec{} : p[u];
      for (int u = 0; u < kCount; ++u) totals[u] += p[u];
      for (int u = 0; u < kCount; ++u) products[u] += d[u] * p[u];
    });
    for (const Vec& sum : totals) total += __builtin_convertvector(sum, WideDoubles);
    for (const Vec& sum : products) weighted += __builtin_convertvector(sum, WideDoubles);
  }
  const auto add = [](const WideDoubles& lanes) {
    return reduce_lanes<double, kLanes>(lanes, [](auto a, auto b) { return a + b; });
  };
  return {max, add(total), add(weighted)};
}

// Calls body(values, first) as each_group does, which replaces values by what is written to out[first..) past the caches.
// n is at least one vector; those at both ends, which lie across the boundaries of `out`, overlap with their neighbours.
template <class Body>
inline void stream_groups(const float* z, int64_t n, float* out, const Body& body) {
  const auto one = [&](int64_t i, const auto& write) {
    Vec values[] = {load(z + i)};
    body(values);
    write(out + i, values[0]);
  };
  one(0, store);
  int64_t i = to_boundary(out);
  for (; i + kTogether * kLanes <= n; i += kTogether * kLanes) {
    Vec values[kTogether];
    for (int u = 0; u < kTogether; ++u) {
      __builtin_prefetch(z + n + i + u * kLanes);
      values[u] = load(z + i + u * kLanes);
    }
    body(values);
    for (int u = 0; u < kTogether; ++u) stream(out + i + u * kLanes, values[u]);
  }
  for (; i + kLanes <= n; i += kLanes) one(i, stream);
  one(n - kLanes, store);
}

void gradient(const SoftmaxGradient& row, const float* z, int64_t n, int64_t target, float* out, bool streamed) {
  // With d = z - max, whose rounding is small where it matters: log p = d - log_sum, and the gradient but for the
  // target's own is -p (a + h d).
  const float a = row.g + row.h * (row.entropy - row.log_sum), h = row.h, max = row.max;
  const float least = kNegligible + row.log_sum, log2_sum = row.log_sum * kLog2E;
  const auto body = [=]<int kCount>(Vec(&v)[kCount]) {
    Vec below[kCount], d[kCount], t[kCount], p[kCount];
    for (int u = 0; u < kCount; ++u) below[u] = v[u] - max;
    for (int u = 0; u < kCount; ++u) d[u] = larger(broadcast(least), below[u]);
    for (int u = 0; u < kCount; ++u) t[u] = d[u] * kLog2E - log2_sum;
    exp2_not_positive(t, p);
    for (int u = 0; u < kCount; ++u) v[u] = (below[u] < least ? Vec{} : p[u]) * (-a - h * d[u]);
  };
  const bool has_target = target >= 0 && target < n;
  Vec of_target[1] = {};
  if (has_target) {
    of_target[0] = broadcast(z[target]);
    body(of_target);
  }
  if (streamed && n >= kLanes) {
    stream_groups(z, n, out, body);
  } else {
    each_group<kTogether>(z, n, [&]<int kCount>(const Vec(&v)[kCount], int64_t first) {
      Vec values[kCount];
      for (int u = 0; u < kCount; ++u) values[u] = v[u];
      body(values);
      const int64_t left = n - first;
      if (left < kLanes) return store_partial(out + first, values[0], left);
      for (int u = 0; u < kCount; ++u) store(out + first + u * kLanes, values[u]);
    });
  }
  if (has_target) out[target] = row.g + of_target[0][0];
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {sums, gradient};

}  // namespace pope::POPE_ISA
