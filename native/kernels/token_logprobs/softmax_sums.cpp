#include "kernels/token_logprobs/softmax_sums.h"

#include "core/cpu.h"
#include "kernels/tiers.h"

namespace pope {

const SoftmaxKernels& active_softmax_kernels() { return POPE_ACTIVE_TIER(softmax_kernels); }

}  // namespace pope
