#include "kernels/no_contraction.h"

#include "kernels/estimates/action_rows.tiered.h"

#include "kernels/transpose.h"

namespace pope::POPE_ISA {

namespace {

// columns[c][r] = rows[r * stride + c].
inline void load_columns(const double* rows, int64_t stride, Doubles (&columns)[kDoubles]) {
#pragma GCC unroll 8
  for (int r = 0; r < kDoubles; ++r) __builtin_memcpy(&columns[r], rows + r * stride, sizeof columns[r]);
  transpose(columns);
}

inline Doubles load_column(const double* rows, int64_t stride) {
  Doubles column{};
  for (int r = 0; r < kDoubles; ++r) column[r] = rows[r * stride];
  return column;
}

struct RowSums {
  Doubles totals, sums, least;

  void add(Doubles p, Doubles q) {
    least = p < least ? p : least;
    totals += p;
    sums += p * q;
  }
};

template <bool kModel>
inline RowSums sum_rows(const double* policy, const double* q_hat, int64_t actions) {
  RowSums rows{};
  Doubles p[kDoubles], q[kDoubles] = {};
  int64_t j = 0;
  for (; j + kDoubles <= actions; j += kDoubles) {
    load_columns(policy + j, actions, p);
    if (kModel) load_columns(q_hat + j, actions, q);
#pragma GCC unroll 8
    for (int c = 0; c < kDoubles; ++c) rows.add(p[c], q[c]);
  }
  if (j < actions && actions >= kDoubles) {  // the last columns, of which some have been added
    load_columns(policy + actions - kDoubles, actions, p);
    if (kModel) load_columns(q_hat + actions - kDoubles, actions, q);
    for (int64_t c = kDoubles - (actions - j); c < kDoubles; ++c) rows.add(p[c], q[c]);
    return rows;
  }
  for (; j < actions; ++j) {
    rows.add(load_column(policy + j, actions), kModel ? load_column(q_hat + j, actions) : Doubles{});
  }
  return rows;
}

bool values(const double* policy, const double* q_hat, int64_t actions, double slack, double* out) {
  constexpr int64_t kAhead = 1024, kLine = 8;  // doubles
  for (int64_t at = 0; at < kActionRows * actions; at += kLine) {
    __builtin_prefetch(policy + kAhead + at);
    if (q_hat) __builtin_prefetch(q_hat + kAhead + at);
  }
  DoubleMasks right = DoubleMasks{} == 0;
  for (int64_t row = 0; row < kActionRows; row += kDoubles) {
    const double* p = policy + row * actions;
    const RowSums rows =
        q_hat ? sum_rows<true>(p, q_hat + row * actions, actions) : sum_rows<false>(p, nullptr, actions);
    const Doubles off = rows.totals - 1.0, value = rows.sums / rows.totals;
    // No probability is above the total. x - x is 0 unless x is not finite.
    right &= (rows.least == 0.0) & (off <= slack) & (off >= -slack) & (rows.sums - rows.sums == 0.0);
    __builtin_memcpy(out + row, &value, sizeof value);
  }
  for (int lane = 0; lane < kDoubles; ++lane) {
    if (right[lane] == 0) return false;
  }
  return true;
}

}  // namespace

extern const ActionRowsKernels action_rows_kernels;
const ActionRowsKernels action_rows_kernels = {values};

}  // namespace pope::POPE_ISA
