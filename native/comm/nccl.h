// A Transport over NCCL, for memory of GPUs. Every rank has a GPU of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm/nccl_library.h"
#include "comm/transport.h"

namespace pope {

// What rank 0 makes and, by any way, all ranks learn. Throws unsupported without a library.
NcclId make_nccl_id(const std::vector<std::string>& libraries);

// Joins the ranks that have the same id; returns when all have come. The first usable library of `libraries` is taken.
std::unique_ptr<Transport> join_nccl(const std::vector<std::string>& libraries, const NcclId& id, int rank, int size);

}  // namespace pope
