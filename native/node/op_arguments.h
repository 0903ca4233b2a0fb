// The arguments that run, runHost and runSync have in common.
#pragma once

#include <string>
#include <vector>

#include "kernels/op.h"
#include "node/napi_setup.h"

namespace pope::node {

// The op of that name; throws invalid_argument for an unknown one.
const Op& op_argument(const Napi::Value& name);

// Integers that a double holds exactly.
std::vector<int64_t> dims_argument(const Napi::Value& list);

std::vector<double> scalars_argument(const Napi::Value& list);

}  // namespace pope::node
