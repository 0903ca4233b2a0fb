// poisson_bootstrap on a GPU: a block per resample, sums in double in a fixed order.
#pragma once

#include "cuda/stream.h"
#include "kernels/bootstrap/poisson_bootstrap.h"

namespace pope::cuda {

void poisson_bootstrap(const PoissonBootstrap& request, Stream& stream);

}  // namespace pope::cuda
