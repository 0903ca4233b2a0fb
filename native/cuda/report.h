// How a kernel refuses what it reads; see cuda/stream.h. For .cu files.
#pragma once

#include <string>

#include "cuda/cuda.h"
#include "cuda/stream.h"

namespace pope::cuda {

// Keeps the report with the lowest index, so that the message does not depend on the order of threads. `reason` < 256.
inline __device__ void report(RefusalWord* word, unsigned reason, int64_t index) {
  atomicMin(word, static_cast<RefusalWord>(index) << 8 | reason);
}

// A place together with the number that was found there, as one index, so that the host can name both.
struct FoundNumber {
  int64_t place;
  int32_t number;

  explicit FoundNumber(const Refusal& refusal)
      : place(refusal.index >> 32), number(static_cast<int32_t>(static_cast<uint32_t>(refusal.index))) {}
};

constexpr int64_t kMostPlaces = int64_t{1} << 24;

inline __device__ void report_number(RefusalWord* word, int64_t place, int32_t number) {
  report(word, 0, place << 32 | static_cast<uint32_t>(number));
}

// For launchers of kernels that report numbers.
inline void require_places(const char* op, int64_t places) {
  if (places < kMostPlaces) return;
  throw Error(Status::unsupported, std::string(op) + ": a GPU takes fewer than 2^24 rows at once, not " +
                                       std::to_string(places));
}

}  // namespace pope::cuda
