#include "kernels/slate_objective/slate_objective.h"

#include <cmath>
#include <string>

#include "core/error.h"
#include "kernels/slate_objective/slate_formulas.h"

namespace pope {

double query_weight_sum(const pope_slate_log& log) {
  CompensatedSum sum;
  for (int64_t slate = 0; slate < log.slates; ++slate) sum.add(query_weight(log, slate));
  return sum.value();
}

void require_finite(double value, int64_t slate) {
  if (std::isfinite(value)) return;
  throw Error(Status::weight_overflow,
              "the weighted reward of slate " + std::to_string(slate) +
                  " is not a finite number; clip the weights or normalise the log-probabilities",
              slate);
}

}  // namespace pope
