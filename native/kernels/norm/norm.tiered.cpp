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

// The mean of term(at) over a row. Four running sums, because one would wait for the adder at every vector.
template <class Term>
inline double mean_of(int64_t width, Term term) {
  Doubles sums[4] = {};
  int64_t j = 0;
  for (; j + 4 * kDoubles <= width; j += 4 * kDoubles) {
    for (int64_t u = 0; u < 4; ++u) sums[u] += term(Lanes{j + u * kDoubles});
  }
  for (; j + kDoubles <= width; j += kDoubles) sums[0] += term(Lanes{j});
  double total = 0;
  for (; j < width; ++j) total += term(Lane{j});
  const Doubles sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (int lane = 0; lane < kDoubles; ++lane) total += sum[lane];
  return total / static_cast<double>(width);
}

void rms_norm(const float* x, const float* weight, float* out, int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, out += width) {
    const double squares = mean_of(width, [=](auto at) { return at(x) * at(x); });
    const auto scale = static_cast<float>(1.0 / __builtin_sqrt(squares + eps));
    int64_t j = 0;
    for (; j + kLanes <= width; j += kLanes) store(out + j, load(x + j) * scale * load(weight + j));
    for (; j < width; ++j) out[j] = x[j] * scale * weight[j];
  }
}

void rms_norm_backward(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                       int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, dy += width, dx += width) {
    const double squares = mean_of(width, [=](auto at) { return at(x) * at(x); });
    const double dot = mean_of(width, [=](auto at) { return at(weight) * at(dy) * at(x); });
    const double scale = 1.0 / __builtin_sqrt(squares + eps);
    const double slope = scale * scale * dot;
    each(width, [=](auto at) {
      at.put(dx, scale * (at(weight) * at(dy) - at(x) * slope));
      if (weight_sums) at.add(weight_sums, at(dy) * at(x) * scale);
    });
  }
}

struct Moments {
  double mean, scale;
};

inline Moments moments_of(const float* x, int64_t width, double eps) {
  const double mean = mean_of(width, [=](auto at) { return at(x); });
  const double variance = mean_of(width, [=](auto at) { return (at(x) - mean) * (at(x) - mean); });
  return {mean, 1.0 / __builtin_sqrt(variance + eps)};
}

void layer_norm(const float* x, const float* weight, const float* bias, float* out, int64_t rows, int64_t width,
                double eps) {
  for (; rows > 0; --rows, x += width, out += width) {
    const auto [mean, scale] = moments_of(x, width, eps);
    each(width, [=, mean = mean, scale = scale](auto at) {
      at.put(out, (at(x) - mean) * scale * at(weight) + at(bias));
    });
  }
}

void layer_norm_backward(const float* x, const float* weight, const float* dy, float* dx, double* weight_sums,
                         double* bias_sums, int64_t rows, int64_t width, double eps) {
  for (; rows > 0; --rows, x += width, dy += width, dx += width) {
    const Moments moments = moments_of(x, width, eps);
    const auto normal = [=](auto at) { return (at(x) - moments.mean) * moments.scale; };
    const double mean_g = mean_of(width, [=](auto at) { return at(weight) * at(dy); });
    const double mean_gn = mean_of(width, [=](auto at) { return at(weight) * at(dy) * normal(at); });
    each(width, [=](auto at) {
      at.put(dx, moments.scale * (at(weight) * at(dy) - mean_g - normal(at) * mean_gn));
      if (weight_sums) at.add(weight_sums, at(dy) * normal(at));
      if (bias_sums) at.add(bias_sums, at(dy));
    });
  }
}

}  // namespace

extern const NormKernels norm_kernels;
const NormKernels norm_kernels = {rms_norm, rms_norm_backward, layer_norm, layer_norm_backward};

}  // namespace pope::POPE_ISA
