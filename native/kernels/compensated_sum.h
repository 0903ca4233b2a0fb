// A sum whose error does not grow with the number of terms. A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur
// Summation endlicher Summen", ZAMM 54 (1974): Kahan's sum that also survives terms larger than the sum.
#pragma once

#include <cmath>

#include "kernels/host_device.h"

namespace pope {

class CompensatedSum {
 public:
  POPE_HOST_DEVICE void add(double term) {
    const double next = sum_ + term;
    lost_ += std::fabs(sum_) >= std::fabs(term) ? (sum_ - next) + term : (term - next) + sum_;
    sum_ = next;
  }
  POPE_HOST_DEVICE double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0, lost_ = 0;
};

}  // namespace pope
