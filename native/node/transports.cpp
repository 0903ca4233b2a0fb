#include "node/transports.h"

#include <vector>

#include "comm/mpi.h"

namespace pope::node {

namespace {

std::vector<std::string> names_argument(const Napi::Value& list) {
  if (!list.IsArray()) throw Error(Status::invalid_argument, "the names of libraries must be an array");
  const auto values = list.As<Napi::Array>();
  std::vector<std::string> names;
  for (uint32_t i = 0; i < values.Length(); ++i) names.push_back(Napi::Value(values.Get(i)).ToString().Utf8Value());
  return names;
}

}  // namespace

Exchange::Open transport_argument(const Napi::Value& options) {
  if (!options.IsObject()) throw Error(Status::invalid_argument, "createCommunicator needs { mpi } or { nccl }");
  const auto given = options.As<Napi::Object>();
  if (given.Has("mpi")) {
    return [names = names_argument(given.Get("mpi"))] { return join_mpi(names); };
  }
  throw Error(Status::unsupported, "this binary has no NCCL: it was built without CUDA");
}

}  // namespace pope::node
