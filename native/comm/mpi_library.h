// MPI, found at run time: one binary for Open MPI and for MPICH and its relatives (Intel MPI, MVAPICH, Cray), whose
// handles differ. No header of either is needed to build.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/shared_library.h"

namespace pope {

// The calls that are used, in the C prototypes of the MPI standard. A handle is a pointer in Open MPI and an int in MPICH;
// both are passed here as an integer of a pointer's size, of which MPICH reads the lower half.
struct MpiFunctions {
  using Handle = intptr_t;

  int (*init_thread)(int* argc, char*** argv, int required, int* provided);
  int (*comm_rank)(Handle comm, int* rank);
  int (*comm_size)(Handle comm, int* size);
  int (*comm_set_errhandler)(Handle comm, Handle errhandler);
  int (*error_string)(int code, char* text, int* length);
  int (*allreduce)(const void* send, void* receive, int count, Handle type, Handle op, Handle comm);
  int (*reduce_scatter_block)(const void* send, void* receive, int count, Handle type, Handle op, Handle comm);
  int (*allgather)(const void* send, int count, Handle type, void* receive, int receive_count, Handle receive_type,
                   Handle comm);
  int (*bcast)(void* data, int count, Handle type, int root, Handle comm);
  int (*abort)(Handle comm, int code);
  int (*finalize)();
};

struct MpiLibrary {
  MpiFunctions calls{};
  MpiFunctions::Handle world = 0, f32 = 0, byte = 0, sum = 0, errors_return = 0;
  void* in_place = nullptr;
  std::string description = "";  // as "Open MPI v4.1.4 (libmpi.so.40)"
};

// The first of `names` (file names or paths) that is an MPI of a known kind. Throws unsupported with why each is not.
MpiLibrary open_mpi_library(const std::vector<std::string>& names);

}  // namespace pope
