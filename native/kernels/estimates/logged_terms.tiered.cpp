#include "kernels/no_contraction.h"

#include "kernels/estimates/logged_terms.tiered.h"

#include "kernels/estimates/weight_transform.h"
#include "kernels/vector.h"

namespace pope::POPE_ISA {

namespace {

constexpr int64_t kLine = 8;  // doubles of a cache line, and of a step

// One step in `Number`s, which are doubles or vectors of them; no branches. Returns whether all is right.
template <int kTransform, class Number, class Right>
inline Right step(const LoggedRounds& x, int64_t i) {
  Number p, b, r;
  __builtin_memcpy(&p, x.policy + i, sizeof p);
  __builtin_memcpy(&b, x.propensity + i, sizeof b);
  __builtin_memcpy(&r, x.reward + i, sizeof r);
  const Number weight = transformed<kTransform>(p / b, x.lambda), product = weight * r;
  __builtin_memcpy(x.weights + i, &weight, sizeof weight);
  __builtin_memcpy(x.numerator + i, &product, sizeof product);
  // y - y is 0 unless y is not finite.
  return (p >= 0.0) & (p <= x.most) & (b > 0.0) & (b <= x.most) & (r - r == 0.0) & (weight - weight == 0.0);
}

template <int kTransform>
bool terms(const LoggedRounds& x) {
  DoubleMasks right = DoubleMasks{} == 0;
  int64_t i = 0;
  for (; i + kLine <= x.count; i += kLine) {
    // What follows this block is most likely the next, which arrives meanwhile.
    __builtin_prefetch(x.policy + x.count + i);
    __builtin_prefetch(x.propensity + x.count + i);
    __builtin_prefetch(x.reward + x.count + i);
    for (int t = 0; t < kLine; t += kDoubles) right &= step<kTransform, Doubles, DoubleMasks>(x, i + t);
  }
  bool all = true;
  for (; i < x.count; ++i) all &= step<kTransform, double, bool>(x, i);
  for (int lane = 0; lane < kDoubles; ++lane) all &= right[lane] != 0;
  return all;
}

}  // namespace

extern const LoggedTermsKernels logged_terms_kernels;
const LoggedTermsKernels logged_terms_kernels = {{terms<0>, terms<1>, terms<2>, terms<3>}};

}  // namespace pope::POPE_ISA
