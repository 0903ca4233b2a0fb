#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/sampling/sample.h"

namespace pope::reference {

template <class T>
void sample(const T* logits, const SampleCounter* counters, int32_t* ids, T* log_probs, const SampleSettings& settings) {
  const auto vocab = static_cast<size_t>(settings.vocab);
  for (int64_t r = 0; r < settings.rows; ++r) {
    const T* z = logits + r * settings.vocab;
    for (int64_t v = 0; v < settings.vocab; ++v) {
      if (std::isnan(z[v]) || z[v] == std::numeric_limits<T>::infinity()) throw bad_logits(r);
    }
    std::vector<int32_t> order(vocab);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [z](int32_t a, int32_t b) { return z[a] > z[b]; });
    const T largest = z[order[0]];
    if (std::isinf(largest)) throw bad_logits(r);
    const auto mass = [&](int32_t v) { return std::exp((z[v] - largest) * settings.scale()); };
    T whole = 0;
    for (const int32_t v : order) whole += mass(v);

    std::vector<int32_t> kept = order;
    if (settings.temperature == 0) kept.resize(1);
    if (settings.top_k > 0 && settings.top_k < settings.vocab) kept.resize(static_cast<size_t>(settings.top_k));
    T total = 0;
    for (const int32_t v : kept) total += mass(v);
    size_t count = 0;
    T covered = 0;
    while (count < kept.size() && (count == 0 || settings.top_p == 1 || covered < settings.top_p * total)) {
      covered += mass(kept[count++]);
    }
    kept.resize(count);
    std::sort(kept.begin(), kept.end());

    const T target = sample_uniform(counters[r], settings.seed) * covered;
    T cumulative = 0;
    int32_t drawn = order[0];
    for (const int32_t v : kept) {
      if (mass(v) == 0) continue;
      drawn = v;
      cumulative += mass(v);
      if (cumulative > target) break;
    }
    ids[r] = drawn;
    log_probs[r] = std::log(mass(drawn) / whole);
  }
}

}  // namespace pope::reference
