// NCCL, found at run time; no header of it is needed to build.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/shared_library.h"
#include "cuda/stream.h"

namespace pope {

// What all ranks of a communicator have to know to find each other; one of them makes it.
struct NcclId {
  std::array<char, 128> bytes;
};

// The calls that are used: their prototypes are textually the same in src/nccl.h.in of all releases from 2.4 to 2.30, and so
// are the numbers below.
struct NcclFunctions {
  using Result = int;
  using Comm = void*;
  using Stream = cuda::StreamHandle;

  static constexpr Result kSuccess = 0, kInProgress = 7;
  static constexpr int kUint8 = 1, kFloat32 = 7, kSum = 0;

  Result (*get_version)(int* version);
  Result (*get_unique_id)(NcclId* id);
  Result (*comm_init_rank)(Comm*, int size, NcclId, int rank);
  Result (*all_reduce)(const void* send, void* receive, size_t count, int type, int op, Comm, Stream);
  Result (*broadcast)(const void* send, void* receive, size_t count, int type, int root, Comm, Stream);
  Result (*reduce_scatter)(const void* send, void* receive, size_t receive_count, int type, int op, Comm, Stream);
  Result (*all_gather)(const void* send, void* receive, size_t send_count, int type, Comm, Stream);
  Result (*comm_get_async_error)(Comm, Result* error);
  Result (*comm_abort)(Comm);
  Result (*comm_destroy)(Comm);
  const char* (*get_error_string)(Result);
};

struct NcclLibrary {
  NcclFunctions calls{};
  std::string description = "";  // as "NCCL 2.27.3 (libnccl.so.2)"

  // Throws internal, with NCCL's own words, unless it is a success.
  void require(NcclFunctions::Result result, const char* what) const;
};

// The first of `names` (file names or paths) that is NCCL 2.10 or later. Throws unsupported with why each is not.
NcclLibrary open_nccl_library(const std::vector<std::string>& names);

}  // namespace pope
