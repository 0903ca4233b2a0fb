// Numbers of the host from every rank, however many each has.
#pragma once

#include <vector>

#include "comm/transport.h"

namespace pope {

// What every rank gave, in the order of ranks.
std::vector<std::vector<double>> gather_numbers(Transport& transport, const std::vector<double>& values);

}  // namespace pope
