// The maximum-entropy reward of one response, R = scale (utility + diversity), in one of three forms (pope.h), with
// what its derivatives need. `d` is the surprise -l, or the token entropy H where the log brings one.
//
//     form       scale    utility       diversity      d scale / d l    d diversity / d l (0 with H)
//     expected   exp l    lambda_cu r   lambda_div d   scale            -lambda_div
//     soft       1        lambda_cu r   lambda_div d   0                -lambda_div
//     gated      r        lambda_cu     lambda_div d   0                -lambda_div
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/host_device.h"
#include "pope.h"

namespace pope {

struct ResponseReward {
  double scale;
  double log_scale;  // log |scale|, exact where exp l underflows
  double sign;       // of scale; that of exp l is 1 even where it underflows
  double utility, diversity;
  double scale_slope;      // (d scale / d l) / scale
  double diversity_slope;  // d diversity / d l
  double entropy_slope;    // d diversity / d H

  POPE_HOST_DEVICE double bracket() const { return utility + diversity; }
  POPE_HOST_DEVICE double value() const { return scale * bracket(); }
  // dR / dl, and (dR / dl) / R
  POPE_HOST_DEVICE double slope() const { return scale * (scale_slope * bracket() + diversity_slope); }
  POPE_HOST_DEVICE double relative_slope() const { return scale_slope + diversity_slope / bracket(); }
};

POPE_HOST_DEVICE inline ResponseReward response_reward(const pope_objective& objective, const pope_slate_log& log,
                                                       int64_t k) {
  const double l = log.log_prob[k], r = log.reward[k], lambda_div = objective.lambda_div;
  ResponseReward reward{
      .scale = 1,
      .log_scale = 0,
      .sign = 1,
      .utility = objective.lambda_cu * r,
      .diversity = lambda_div * (log.entropy ? log.entropy[k] : -l),
      .scale_slope = 0,
      .diversity_slope = log.entropy ? 0 : -lambda_div,
      .entropy_slope = lambda_div,
  };
  if (objective.form == POPE_EXPECTED) {
    reward.scale = std::exp(l);
    reward.log_scale = l;
    reward.scale_slope = 1;
  } else if (objective.form == POPE_GATED) {
    reward.scale = r;
    reward.log_scale = std::log(std::fabs(r));
    reward.sign = (r > 0) - (r < 0);
    reward.utility = objective.lambda_cu;
  }
  return reward;
}

}  // namespace pope
