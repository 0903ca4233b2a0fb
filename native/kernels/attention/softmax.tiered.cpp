#include "kernels/attention/softmax.tiered.h"

#include "kernels/vector.h"

namespace pope::POPE_ISA {

ScoreSum exponentiate_scores(float* scores, int64_t visible, int64_t count, float scale) {
  const int64_t whole = visible / kLanes * kLanes, rest = visible - whole;
  const Vec tail = load_partial(scores + whole, rest, -__builtin_inff());
  Vec largest = tail * scale;
  for (int64_t j = 0; j < whole; j += kLanes) {
    const Vec score = load(scores + j) * scale;
    largest = largest < score ? score : largest;
  }
  const float most = max_lanes(largest);
  const Vec shift = broadcast(most);
  Vec sum = {};
  for (int64_t j = 0; j < whole; j += kLanes) {
    const Vec weight = exp(load(scores + j) * scale - shift);
    store(scores + j, weight);
    sum += weight;
  }
  if (rest > 0) {
    const Vec weight = exp(tail * scale - shift);
    store_partial(scores + whole, weight, rest);
    sum += weight;
  }
  for (int64_t j = visible; j < count; ++j) scores[j] = 0.0f;
  return {most, sum_lanes(sum)};
}

}  // namespace pope::POPE_ISA
