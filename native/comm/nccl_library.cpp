#include "comm/nccl_library.h"

#include <optional>

#include "core/error.h"

namespace pope {

namespace {

constexpr int kOldest = 21000;  // as NCCL counts: 2.10.0, the first that states its errors asynchronously as the later ones do

std::optional<NcclFunctions> bind(const SharedLibrary& library, std::string& reason) {
  NcclFunctions calls{};
  FunctionBinder binder(library);
  binder.take(calls.get_version, "ncclGetVersion");
  binder.take(calls.get_unique_id, "ncclGetUniqueId");
  binder.take(calls.comm_init_rank, "ncclCommInitRank");
  binder.take(calls.all_reduce, "ncclAllReduce");
  binder.take(calls.broadcast, "ncclBroadcast");
  binder.take(calls.reduce_scatter, "ncclReduceScatter");
  binder.take(calls.all_gather, "ncclAllGather");
  binder.take(calls.comm_get_async_error, "ncclCommGetAsyncError");
  binder.take(calls.comm_abort, "ncclCommAbort");
  binder.take(calls.comm_destroy, "ncclCommDestroy");
  binder.take(calls.get_error_string, "ncclGetErrorString");
  reason = binder.reason();
  return reason.empty() ? std::optional(calls) : std::nullopt;
}

std::string dotted(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

}  // namespace

void NcclLibrary::require(NcclFunctions::Result result, const char* what) const {
  if (result == NcclFunctions::kSuccess || result == NcclFunctions::kInProgress) return;
  throw Error(Status::internal, std::string(what) + " failed: " + calls.get_error_string(result));
}

NcclLibrary open_nccl_library(const std::vector<std::string>& names) {
  std::string rejected;
  for (const std::string& name : names) {
    std::string reason;
    const auto library = SharedLibrary::open(name, reason);
    const auto calls = library ? bind(*library, reason) : std::nullopt;
    if (calls) {
      int version = 0;
      calls->get_version(&version);
      if (version >= kOldest) return {*calls, "NCCL " + dotted(version) + " (" + name + ")"};
      reason = "is of version code " + std::to_string(version) + ", older than 2.10";
    }
    rejected += (rejected.empty() ? "" : "; ") + name + ": " + reason;
  }
  throw Error(Status::unsupported, "no NCCL can be used: " + rejected);
}

}  // namespace pope
