#include "comm/mpi_library.h"

#include <array>
#include <optional>

#include "core/error.h"

namespace pope {

namespace {

using Handle = MpiFunctions::Handle;

constexpr size_t kMostText = 8192;  // MPI_MAX_LIBRARY_VERSION_STRING of MPICH, the longest

// The functions, or nothing, and then `reason` is the name of the first that is lacking.
std::optional<MpiFunctions> bind(const SharedLibrary& library, std::string& reason) {
  MpiFunctions calls{};
  FunctionBinder binder(library);
  binder.take(calls.init_thread, "MPI_Init_thread");
  binder.take(calls.comm_rank, "MPI_Comm_rank");
  binder.take(calls.comm_size, "MPI_Comm_size");
  binder.take(calls.comm_set_errhandler, "MPI_Comm_set_errhandler");
  binder.take(calls.error_string, "MPI_Error_string");
  binder.take(calls.allreduce, "MPI_Allreduce");
  binder.take(calls.reduce_scatter_block, "MPI_Reduce_scatter_block");
  binder.take(calls.allgather, "MPI_Allgather");
  binder.take(calls.bcast, "MPI_Bcast");
  binder.take(calls.abort, "MPI_Abort");
  binder.take(calls.finalize, "MPI_Finalize");
  reason = binder.reason();
  return reason.empty() ? std::optional(calls) : std::nullopt;
}

// The first line of what the library says it is; it may be asked before MPI_Init.
std::string version_of(const SharedLibrary& library) {
  const auto ask = library.function<int(char*, int*)>("MPI_Get_library_version");
  std::array<char, kMostText> text{};
  int length = 0;
  if (!ask || ask(text.data(), &length) != 0) return "";
  const std::string version = text.data();
  return version.substr(0, version.find_first_of(",\n"));
}

bool begins_with_any(const std::string& text, const std::vector<std::string>& beginnings) {
  for (const std::string& beginning : beginnings) {
    if (text.starts_with(beginning)) return true;
  }
  return false;
}

// Open MPI's handles are the addresses of objects that it exports; those of MPICH are numbers, the same in all of its ABI.
bool set_handles(const SharedLibrary& library, MpiLibrary& mpi) {
  const auto object = [&](const char* name) { return reinterpret_cast<Handle>(library.function<char>(name)); };
  if (object("ompi_mpi_comm_world")) {
    mpi.world = object("ompi_mpi_comm_world");
    mpi.f32 = object("ompi_mpi_float");
    mpi.byte = object("ompi_mpi_byte");
    mpi.sum = object("ompi_mpi_op_sum");
    mpi.errors_return = object("ompi_mpi_errors_return");
    mpi.in_place = reinterpret_cast<void*>(Handle{1});
    return mpi.f32 && mpi.byte && mpi.sum && mpi.errors_return;
  }
  if (!begins_with_any(mpi.description, {"MPICH", "Intel", "MVAPICH", "CRAY"})) return false;
  mpi.world = 0x44000000;
  mpi.f32 = 0x4c00040a;
  mpi.byte = 0x4c00010d;
  mpi.sum = 0x58000003;
  mpi.errors_return = 0x54000001;
  mpi.in_place = reinterpret_cast<void*>(Handle{-1});
  return true;
}

}  // namespace

MpiLibrary open_mpi_library(const std::vector<std::string>& names) {
  std::string rejected;
  for (const std::string& name : names) {
    std::string reason;
    // What Open MPI loads later looks for its symbols among those that all can see.
    const auto library = SharedLibrary::open(name, reason, SharedLibrary::Symbols::for_all);
    const auto calls = library ? bind(*library, reason) : std::nullopt;
    if (calls) {
      MpiLibrary mpi{.calls = *calls, .description = version_of(*library)};
      if (set_handles(*library, mpi)) {
        mpi.description += " (" + name + ")";
        return mpi;
      }
      reason = "is \"" + mpi.description + "\", of which nothing is known here; Open MPI, MPICH, Intel MPI and MVAPICH are";
    }
    rejected += (rejected.empty() ? "" : "; ") + name + ": " + reason;
  }
  throw Error(Status::unsupported, "no MPI library can be used: " + rejected);
}

}  // namespace pope
