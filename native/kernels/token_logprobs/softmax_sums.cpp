#include "kernels/token_logprobs/softmax_sums.h"

namespace pope {

const SoftmaxKernels& active_softmax_kernels() {
  switch (active_isa()) {
#if defined(__x86_64__)
    case Isa::avx512: return avx512::softmax_kernels;
    case Isa::avx2: return avx2::softmax_kernels;
#endif
    default: return baseline::softmax_kernels;
  }
}

}  // namespace pope
