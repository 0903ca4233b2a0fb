#include "kernels/bootstrap/poisson_bootstrap.h"

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/bootstrap/poisson_bootstrap.reference.h"
#endif
#ifdef POPE_WITH_CUDA
#include "kernels/bootstrap/poisson_bootstrap.cuda.h"
#endif

namespace pope {

Work prepare_poisson_bootstrap(const OpCall& call) {
  PoissonBootstrap request{};
  request.units = call.size(0);
  request.columns = call.size(1);
  request.resamples = call.size(2);
  request.first = call.size(3);
  request.seed = static_cast<uint64_t>(call.dim(4));
  request.x = call.input<double>(0, checked_product({request.units, request.columns}));
  request.sums = call.output<double>(0, checked_product({request.resamples, request.columns}));
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::poisson_bootstrap(request); };
#else
  return {[=](ThreadPool& pool) { poisson_bootstrap(request, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) { cuda::poisson_bootstrap(request, stream); })};
#endif
}

}  // namespace pope
