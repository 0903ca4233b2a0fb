// advance: what the rows of a decode step need for the next token, so that the host need not write it between steps.
//
// Of the rows [first, first + count) of a step of `rows`, the i-th drew the token drawn[i]. Its place in the history is
// t = counters[i].token mod steps: history_ids[t, r] = drawn[i], history_log_probs[t, r] = log_probs[i], r = first + i. If
// left[r] is 1, or the token is one of `stops`, the row has ended: left[r] = 0. Else
//
//     left[r] -= 1   ids[r] = drawn[i]   positions[r], table_rows[r], cache_rows[r], spans[r].own_end, counters[i].token += 1
//
// A row with left[r] = 0 stays as it is: each later step computes once more what it had computed, and nobody reads it.
//   drawn, log_probs [count]   stops [n]   ids, positions, table_rows, cache_rows, left [rows]   spans [rows, 4]
//   counters [count, 3] of (query, sample, token)   history_ids, history_log_probs [steps, rows]
#pragma once

#include <cstdint>

#include "kernels/decode/attention_decode.h"
#include "kernels/host_device.h"
#include "kernels/sampling/sample.h"

namespace pope {

template <class T>
struct Advance {
  int64_t first, count, rows, stop_count, steps;
  const int32_t* drawn;
  const T* log_probs;
  const int32_t* stops;
  int32_t *ids, *positions, *table_rows, *cache_rows;  // table_rows: nullptr without rotary tables
  CacheSpan* spans;
  SampleCounter* counters;
  int32_t *left, *history_ids;
  T* history_log_probs;

  // Of the i-th row; the rows are independent.
  POPE_HOST_DEVICE void row(int64_t i) const {
    const int64_t r = first + i;
    if (left[r] <= 0) return;
    const int32_t token = drawn[i];
    const int64_t place = counters[i].token % steps * rows + r;
    history_ids[place] = token;
    history_log_probs[place] = log_probs[i];
    bool stopped = left[r] == 1;
    for (int64_t s = 0; s < stop_count; ++s) stopped = stopped || stops[s] == token;
    if (stopped) {
      left[r] = 0;
      return;
    }
    --left[r];
    ids[r] = token;
    ++positions[r];
    if (table_rows) ++table_rows[r];
    ++cache_rows[r];
    ++spans[r].own_end;
    ++counters[i].token;
  }
};

}  // namespace pope
