#pragma once

#include <string>

#include "kernels/op.h"

namespace pope {

// The call's scalar 0: what keeps the division of a constant row from being one by zero.
inline double checked_eps(const OpCall& call) {
  const double eps = call.scalar(0);
  if (!(eps >= 0)) call.fail(Status::invalid_argument, "eps must be >= 0, not " + std::to_string(eps));
  return eps;
}

}  // namespace pope
