// For ops that compute in float and whose result may be of 16 bits, rounded as it is written: what the reference and the
// CPU make of such an output.
#pragma once

#include <cstdint>

#include "pope.h"
#ifdef POPE_REFERENCE
#include <vector>

#include "kernels/elementwise/exact.reference.h"
#else
#include <algorithm>

#include "core/scratch.h"
#include "core/thread_pool.h"
#include "kernels/elementwise/narrow.h"
#endif

namespace pope {

#ifdef POPE_REFERENCE

// Calls compute(T*) with room for `count` results, which it rounds into `out`.
template <class T, class Compute>
void compute_rounded(void* out, int32_t dtype, int64_t count, const Compute& compute) {
  std::vector<T> numbers(static_cast<size_t>(count));
  compute(numbers.data());
  reference::round_to(out, dtype, numbers);
}

#else

inline Scratch& unrounded_memory() {
  thread_local Scratch memory;
  return memory;
}

// Calls compute(first, count, to), with `to` for the result of row `first`: for all rows at once where they are floats,
// else for blocks of them, by the threads of the pool, each rounded while it is in a near cache.
template <class Compute>
void compute_rounded(void* out, int32_t dtype, int64_t rows, int64_t width, ThreadPool& pool, const Compute& compute) {
  constexpr int64_t kBlock = 4096;  // elements, 16 KiB
  if (dtype == POPE_F32) return compute(int64_t{0}, rows, static_cast<float*>(out));
  const int64_t grain = std::max<int64_t>(1, kBlock / std::max<int64_t>(1, width));
  pool.parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    const int64_t count = (end - begin) * width;
    float* const results = unrounded_memory().floats(count);
    compute(begin, end - begin, results);
    narrow(results, static_cast<uint16_t*>(out) + begin * width, count, dtype);
  });
}

#endif

}  // namespace pope
