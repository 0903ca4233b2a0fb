// A Transport over MPI, for memory of the host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm/transport.h"

namespace pope {

// Joins the world that a launcher (mpirun, srun) has made, by the first usable library of `libraries`. Once per process: MPI
// cannot be started again. Throws unsupported without a library, or with one that cannot be called from threads.
std::unique_ptr<Transport> join_mpi(const std::vector<std::string>& libraries);

}  // namespace pope
