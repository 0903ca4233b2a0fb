// The transforms of scalar_terms by number, of one weight or a vector of them. For tiered sources too: no standard header,
// and internal linkage.
#pragma once

namespace pope {
namespace {

// A weight of 0 stays 0, the limit where lambda makes it 0/0.
template <int kTransform, class Weight>
inline Weight transformed(Weight w, double lambda) {
  const Weight limit = Weight{} + lambda, zero{};
  if constexpr (kTransform == 0) return w < limit ? w : limit;
  if constexpr (kTransform == 1) return w <= limit ? w : zero;
  if constexpr (kTransform == 2) return lambda == __builtin_inf() ? w : (w == zero ? w : w / ((w / lambda) * w + 1.0));
  return w == zero ? zero : w / (1 - lambda + lambda * w);
}

}  // namespace
}  // namespace pope
