#pragma once

#include <algorithm>

#include "kernels/decode/advance.h"

namespace pope::reference {

template <class T>
void advance(const Advance<T>& a) {
  for (int64_t i = 0; i < a.count; ++i) {
    const int64_t r = a.first + i;
    const bool live = a.left[r] > 0;
    const int32_t* const end = a.stops + a.stop_count;
    const bool goes_on = live && a.left[r] > 1 && std::find(a.stops, end, a.drawn[i]) == end;
    if (live) {
      const int64_t t = a.counters[i].token % a.steps;
      a.history_ids[t * a.rows + r] = a.drawn[i];
      a.history_log_probs[t * a.rows + r] = a.log_probs[i];
    }
    a.left[r] = goes_on ? a.left[r] - 1 : 0;
    if (!goes_on) continue;
    a.ids[r] = a.drawn[i];
    a.positions[r] += 1;
    if (a.table_rows) a.table_rows[r] += 1;
    a.cache_rows[r] += 1;
    a.spans[r].own_end += 1;
    a.counters[i].token += 1;
  }
}

}  // namespace pope::reference
