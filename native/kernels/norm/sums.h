// Sums of a row in double. Four running sums, because one would wait for the adder at every element; their number is
// fixed, so the bits do not depend on the machine.
#pragma once

#include <cstdint>

namespace pope {

// sum_j term(j) for j < n
template <class Term>
double sum_of(int64_t n, Term term) {
  double sums[4] = {};
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    for (int64_t lane = 0; lane < 4; ++lane) sums[lane] += term(j + lane);
  }
  for (; j < n; ++j) sums[0] += term(j);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace pope
