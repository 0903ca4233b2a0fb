#include "kernels/norm/norm.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

// As many floats as a register holds doubles, in which sums are.
using Half = float __attribute__((vector_size(2 * POPE_LANES)));

// Elements j to j + kDoubles of arrays, widened, and one element of what a whole vector leaves over: a formula is written
// once, for either.
struct Lanes {
  int64_t j;
  Doubles operator()(const float* p) const {
    Half half;
    __builtin_memcpy(&half, p + j, sizeof half);
    return __builtin_convertvector(half, Doubles);
  }
  void put(float* p, Doubles value) const {
    const Half half = __builtin_convertvector(value, Half);
    __builtin_memcpy(p + j, &half, sizeof half);
  }
  void add(double* p, Doubles value) const {
    Doubles sum;
    __builtin_memcpy(&sum, p + j, sizeof sum);
    sum += value;
    __builtin_memcpy(p + j, &sum, sizeof sum);
  }
};

struct Lane {
  int64_t j;
  double operator()(const float* p) const { return p[j]; }
  void put(float* p, double value) const { p[j] = static_cast<float>(value); }
  void add(double* p, double value) const { p[j] += value; }
};

// body(at) for all elements of a row
template <class Body>
inline void each(int64_t width, Body body) {
  int64_t j = 0;
  for (; j + kDoubles <= width; j += kDoubles) body(Lanes{j});
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
    terms(Lanes{j}, values);
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
    terms(Lane{j}, values);
    for (int i = 0; i < kTerms; ++i) totals[i] += values[i];
  }
  for (int i = 0; i < kTerms; ++i) {
    for (int u = 1; u < kTogether; ++u) sums[0][i] += sums[u][i];
    for (int lane = 0; lane < kDoubles; ++lane) totals[i] += sums[0][i][lane];
    means[i] = totals[i] / static_cast<double>(width);
  }
}

void rms_norm(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, out += width) {
    double squares[1];
    means_of(width, [=](auto at, auto& values) { values[0] = at(x) * at(x); }, squares);
    const auto scale = static_cast<float>(1.0 / __builtin_sqrt(squares[0] + eps));
    int64_t j = 0;
    for (; j + kLanes <= width; j += kLanes) store(out + j, load(x + j) * scale * load(weight + j));
    for (; j < width; ++j) out[j] = x[j] * scale * weight[j];
  }
}

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                       int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, dy += width, dx += width) {
    double means[2];
    const auto terms = [=](auto at, auto& values) {
      values[0] = at(x) * at(x);
      values[1] = at(weight) * at(dy) * at(x);
    };
    means_of(width, terms, means);
    const double scale = 1.0 / __builtin_sqrt(means[0] + eps), slope = scale * scale * means[1];
    each(width, [=](auto at) {
      at.put(dx, scale * (at(weight) * at(dy) - at(x) * slope));
      if (weight_sums) at.add(weight_sums, at(dy) * at(x) * scale);
    });
  }
}

inline double mean_of(const float* x, int64_t width) {
  double mean[1];
  means_of(width, [=](auto at, auto& values) { values[0] = at(x); }, mean);
  return mean[0];
}

void layer_norm(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                double eps) {
  for (; rows > 0; --rows, x += width, out += width) {
    const double mean = mean_of(x, width);
    double variance[1];
    means_of(width, [=](auto at, auto& values) { values[0] = (at(x) - mean) * (at(x) - mean); }, variance);
    const double scale = 1.0 / __builtin_sqrt(variance[0] + eps);
    each(width, [=](auto at) { at.put(out, (at(x) - mean) * scale * at(weight) + at(bias)); });
  }
}

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                         double* bias_sums, int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, dy += width, dx += width) {
    const double mean = mean_of(x, width);
    double means[3];
    const auto terms = [=](auto at, auto& values) {
      const auto d = at(x) - mean, g = at(weight) * at(dy);
      values[0] = d * d;
      values[1] = g;
      values[2] = g * d;
    };
    means_of(width, terms, means);
    const double scale = 1.0 / __builtin_sqrt(means[0] + eps), mean_g = means[1], mean_gn = scale * means[2];
    each(width, [=](auto at) {
      const auto normal = (at(x) - mean) * scale;
      at.put(dx, scale * (at(weight) * at(dy) - mean_g - normal * mean_gn));
      if (weight_sums) at.add(weight_sums, at(dy) * normal);
      if (bias_sums) at.add(bias_sums, at(dy));
    });
  }
}

}  // namespace

extern const NormKernels norm_kernels;
const NormKernels norm_kernels = {rms_norm, rms_norm_backward, layer_norm, layer_norm_backward};

}  // namespace pope::POPE_ISA
