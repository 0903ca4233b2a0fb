// How a kernel refuses what it reads; see cuda/stream.h. For .cu files.
#pragma once

#include "cuda/cuda.h"
#include "cuda/stream.h"

namespace pope::cuda {

// Keeps the report with the lowest index, so that the message does not depend on the order of threads. `reason` < 256.
inline __device__ void report(RefusalWord* word, unsigned reason, int64_t index) {
  atomicMin(word, static_cast<RefusalWord>(index) << 8 | reason);
}

}  // namespace pope::cuda
