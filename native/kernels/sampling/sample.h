// sample: one token per row of logits z, and its log-probability.
//   logits [rows, vocab]   counters [rows, 3] of (query, sample, token)   ids, log_probs [rows]
//
// With p = softmax(z / temperature):
//   1. top_k > 0 keeps the top_k tokens of largest logit.
//   2. top_p < 1 keeps the smallest set of the largest of these whose mass is at least top_p of theirs. Among equal
//      logits the lower id is the larger one. (Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020)
//   3. The token is the first v, in the order of ids, whose kept tokens up to v have a mass above u times that of all
//      that is kept.
// u, uniform in [0, 1), is made of the first two words (a, b) of philox(counter = (token, sample, query, 0), key = seed):
// ((a >> 5) 2^26 + (b >> 6)) / 2^53 (random.h; src/estimators/random.ts makes its numbers in the same way). A token
// thus depends on its own row, counter and seed alone.
//
// temperature 0 takes the largest logit (the lowest id among equal ones) and uses no random number.
//
// log_probs is log p of the token in the whole distribution, whatever top_k and top_p leave out, at `temperature` or, if
// that is 0, at 1: what a policy's score would be. A row with NaN or +inf, or of only -inf, throws non_finite naming it.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/thread_pool.h"
#include "kernels/random.h"

namespace pope {

struct SampleSettings {
  int64_t rows, vocab, top_k;
  uint64_t seed;
  double temperature, top_p;

  double scale() const { return temperature > 0 ? 1 / temperature : 1; }
};

struct SampleCounter {
  uint32_t query, sample, token;
};

// u of a token.
POPE_HOST_DEVICE inline double sample_uniform(const SampleCounter& counter, uint64_t seed) {
  const auto words = philox({{counter.token, counter.sample, counter.query, 0}}, seed);
  return ((words[0] >> 5) * 0x1p26 + (words[1] >> 6)) * 0x1p-53;
}

inline Error bad_logits(int64_t row) {
  return Error(Status::non_finite,
               "sample: row " + std::to_string(row) + " of the logits has NaN, +infinity, or nothing but -infinity", row);
}

void sample(const float* logits, const SampleCounter* counters, int32_t* ids, float* log_probs,
            const SampleSettings& settings, ThreadPool& pool);

}  // namespace pope
