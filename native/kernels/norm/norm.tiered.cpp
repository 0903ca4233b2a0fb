#include "kernels/norm/norm.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

// As many floats as a register holds doubles.
using Half = float __attribute__((vector_size(2 * POPE_LANES)));

// Elements j to j + kLanes of arrays, and one element of what a whole vector leaves over: a formula is written once, for
// either.
struct Lanes {
  int64_t j;
  Vec operator()(const float* p) const { return load(p + j); }
  void put(float* p, Vec value) const { store(p + j, value); }
  void add(double* p, Vec value) const {
    Half halves[2];
    Doubles sums[2];
    __builtin_memcpy(halves, &value, sizeof value);
    __builtin_memcpy(sums, p + j, sizeof sums);
    for (int i = 0; i < 2; ++i) sums[i] += __builtin_convertvector(halves[i], Doubles);
    __builtin_memcpy(p + j, sums, sizeof sums);
  }
};

struct Lane {
  int64_t j;
  float operator()(const float* p) const { return p[j]; }
  void put(float* p, float value) const { p[j] = value; }
  void add(double* p, float value) const { p[j] += value; }
};

// The same, widened, for what is summed over a row: squares of floats may have no float.
struct WideLanes {
  int64_t j;
  Doubles operator()(const float* p) const {
    Half half;
    __builtin_memcpy(&half, p + j, sizeof half);
    return __builtin_convertvector(half, Doubles);
  }
};

struct WideLane {
  int64_t j;
  double operator()(const float* p) const { return p[j]; }
};

// body(at) for all elements of a row
template <class Body>
inline void each(int64_t width, Body body) {
  int64_t j = 0;
  for (; j + kLanes <= width; j += kLanes) body(Lanes{j});
  for (; j < width; ++j) body(Lane{j});
}

// means[i] of what terms(at, values) puts into values[i], over a row. Each has running sums of its own, and several, because one
// would wait for the adder at every vector.
template <int kTerms, class Terms>
inline void means_of(int64_t width, const Terms& terms, double (&means)[kTerms]) {
  constexpr int kTogether = kTerms == 1 ? 4 : 2;
  Doubles sums[kTogether][kTerms] = {};
  const auto add = [&](int u, int64_t j) {
    Doubles values[kTerms];
    terms(WideLanes{j}, values);
    for (int i = 0; i < kTerms; ++i) sums[u][i] += values[i];
  };
  int64_t j = 0;
  for (; j + kTogether * kDoubles <= width; j += kTogether * kDoubles) {
    for (int u = 0; u < kTogether; ++u) add(u, j + u * kDoubles);
  }
  for (; j + kDoubles <= width; j += kDoubles) add(0, j);
  double totals[kTerms] = {};
  for (; j < width; ++j) {
    double values[kTerms];
    terms(WideLane{j}, values);
    for (int i = 0; i < kTerms; ++i) totals[i] += values[i];
  }
  for (int i = 0; i < kTerms; ++i) {
    for (int u = 1; u < kTogether; ++u) sums[0][i] += sums[u][i];
    for (int lane = 0; lane < kDoubles; ++lane) totals[i] += sums[0][i][lane];
    means[i] = totals[i] / static_cast<double>(width);
  }
}

inline double mean_of(const float* x, int64_t width) {
  double mean[1];
  means_of(width, [=](auto at, auto& values) { values[0] = at(x); }, mean);
  return mean[0];
}

// x - mean, with the digits of the mean that a float has no room for: where a row lies far from zero, they are what is left.
struct Centred {
  Centred() = default;
  explicit Centred(double mean) : high(static_cast<float>(mean)), low(static_cast<float>(mean - high)) {}
  template <class V>
  V operator()(V x) const {
    return x - high - low;
  }
  float high, low;
};

template <int kCount>
struct Rows {
  static constexpr int count = kCount;
};

// body(Rows<n>, row) for n rows from `row` on. Four at a time, where as many are left: what they add to the gradients of
// parameters is summed in float before it is added in double.
template <class Body>
inline void in_groups(int64_t rows, Body body) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) body(Rows<4>{}, row);
  for (; row < rows; ++row) body(Rows<1>{}, row);
}

void rms_norm(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, out += width) {
    double squares[1];
    means_of(width, [=](auto at, auto& values) { values[0] = at(x) * at(x); }, squares);
    const auto scale = static_cast<float>(1.0 / __builtin_sqrt(squares[0] + eps));
    each(width, [=](auto at) { at.put(out, at(x) * scale * at(weight)); });
  }
}

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                       int64_t rows, int64_t width, double eps) {
  in_groups(rows, [=](auto group, int64_t first) {
    constexpr int kRows = decltype(group)::count;
    float scale[kRows], slope[kRows];
    for (int r = 0; r < kRows; ++r) {
      const int64_t start = (first + r) * width;
      double means[2];
      const auto terms = [=, x = x + start, dy = dy + start](auto at, auto& values) {
        values[0] = at(x) * at(x);
        values[1] = at(weight) * at(dy) * at(x);
      };
      means_of(width, terms, means);
      const double inverse = 1.0 / __builtin_sqrt(means[0] + eps);
      scale[r] = static_cast<float>(inverse);
      slope[r] = static_cast<float>(inverse * inverse * means[1]);
    }
    each(width, [&](auto at) {
      decltype(at(weight)) weight_sum = {};
      for (int r = 0; r < kRows; ++r) {
        const int64_t start = (first + r) * width;
        const auto value = at(x + start), gradient = at(dy + start);
        at.put(dx + start, scale[r] * (at(weight) * gradient - value * slope[r]));
        weight_sum += gradient * value * scale[r];
      }
      if (weight_sums) at.add(weight_sums, weight_sum);
    });
  });
}

void layer_norm(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                double eps) {
  for (; rows > 0; --rows, x += width, out += width) {
    const double mean = mean_of(x, width);
    double variance[1];
    means_of(width, [=](auto at, auto& values) { values[0] = (at(x) - mean) * (at(x) - mean); }, variance);
    const Centred centre(mean);
    const auto scale = static_cast<float>(1.0 / __builtin_sqrt(variance[0] + eps));
    each(width, [=](auto at) { at.put(out, centre(at(x)) * scale * at(weight) + at(bias)); });
  }
}

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                         double* bias_sums, int64_t rows, int64_t width, double eps) {
  in_groups(rows, [=](auto group, int64_t first) {
    constexpr int kRows = decltype(group)::count;
    Centred centres[kRows];
    float scale[kRows], mean_g[kRows], slope[kRows];
    for (int r = 0; r < kRows; ++r) {
      const int64_t start = (first + r) * width;
      const double mean = mean_of(x + start, width);
      double means[3];
      const auto terms = [=, x = x + start, dy = dy + start](auto at, auto& values) {
        const auto d = at(x) - mean, g = at(weight) * at(dy);
        values[0] = d * d;
        values[1] = g;
        values[2] = g * d;
      };
      means_of(width, terms, means);
      const double inverse = 1.0 / __builtin_sqrt(means[0] + eps);
      centres[r] = Centred(mean);
      scale[r] = static_cast<float>(inverse);
      mean_g[r] = static_cast<float>(means[1]);
      slope[r] = static_cast<float>(inverse * means[2]);
    }
    each(width, [&](auto at) {
      decltype(at(weight)) weight_sum = {}, bias_sum = {};
      for (int r = 0; r < kRows; ++r) {
        const int64_t start = (first + r) * width;
        const auto normal = centres[r](at(x + start)) * scale[r], gradient = at(dy + start);
        at.put(dx + start, scale[r] * (at(weight) * gradient - mean_g[r] - normal * slope[r]));
        weight_sum += gradient * normal;
        bias_sum += gradient;
      }
      if (weight_sums) at.add(weight_sums, weight_sum);
      if (bias_sums) at.add(bias_sums, bias_sum);
    });
  });
}

}  // namespace

extern const NormKernels norm_kernels;
const NormKernels norm_kernels = {rms_norm, rms_norm_backward, layer_norm, layer_norm_backward};

}  // namespace pope::POPE_ISA
