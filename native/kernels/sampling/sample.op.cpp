#include "kernels/sampling/sample.h"

#include <cmath>
#include <limits>

#include "kernels/op.h"

#ifdef POPE_REFERENCE
#include "kernels/sampling/sample.reference.h"
#else
#include "kernels/sampling/sample.cuda.h"
#endif

namespace pope {

Work prepare_sample(const OpCall& call) {
  const SampleSettings settings{.rows = call.size(0),
                                .vocab = call.size(1),
                                .top_k = call.size(2),
                                .seed = static_cast<uint64_t>(call.dim(3)),
                                .temperature = call.scalar(0),
                                .top_p = call.scalar(1)};
  if (settings.vocab == 0 || settings.vocab > std::numeric_limits<int32_t>::max()) {
    call.fail(Status::shape, "the vocabulary must have 1 to 2^31 - 1 tokens, not " + std::to_string(settings.vocab));
  }
  if (!(settings.temperature >= 0 && std::isfinite(settings.temperature))) {
    call.fail(Status::invalid_argument,
              "temperature must be finite and at least 0, not " + std::to_string(settings.temperature));
  }
  if (!(settings.top_p > 0 && settings.top_p <= 1)) {
    call.fail(Status::invalid_argument, "top_p must be above 0 and at most 1, not " + std::to_string(settings.top_p));
  }
  const Scalar* logits = call.input<Scalar>(0, checked_product({settings.rows, settings.vocab}));
  static_assert(sizeof(SampleCounter) == 3 * sizeof(int32_t));
  const auto* counters =
      reinterpret_cast<const SampleCounter*>(call.input<int32_t>(1, checked_product({settings.rows, 3})));
  int32_t* ids = call.output<int32_t>(0, settings.rows);
  Scalar* log_probs = call.output<Scalar>(1, settings.rows);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::sample(logits, counters, ids, log_probs, settings); };
#else
  return {[=](ThreadPool& pool) { sample(logits, counters, ids, log_probs, settings, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::sample(logits, counters, ids, log_probs, settings, stream);
          })};
#endif
}

}  // namespace pope
