#include "node/transports.h"

#include <vector>

#include "comm/mpi.h"
#ifdef POPE_WITH_CUDA
#include "comm/nccl.h"
#include "node/host_array.h"
#endif

namespace pope::node {

namespace {

std::vector<std::string> names_argument(const Napi::Value& list) {
  if (!list.IsArray()) throw Error(Status::invalid_argument, "the names of libraries must be an array");
  const auto values = list.As<Napi::Array>();
  std::vector<std::string> names;
  for (uint32_t i = 0; i < values.Length(); ++i) names.push_back(Napi::Value(values.Get(i)).ToString().Utf8Value());
  return names;
}

#ifdef POPE_WITH_CUDA

NcclId id_argument(const Napi::Value& value) {
  const Array given = host_array(value, "the id");
  NcclId id;
  if (given.bytes != id.bytes.size()) throw Error(Status::shape, "an id of NCCL has 128 bytes");
  std::copy_n(static_cast<const char*>(given.data), id.bytes.size(), id.bytes.begin());
  return id;
}

Exchange::Open nccl_argument(const Napi::Object& given) {
  return [libraries = names_argument(given.Get("libraries")), id = id_argument(given.Get("id")),
          rank = given.Get("rank").ToNumber().Int32Value(), size = given.Get("size").ToNumber().Int32Value()] {
    return join_nccl(libraries, id, rank, size);
  };
}

#endif

}  // namespace

#ifdef POPE_WITH_CUDA

Napi::Value nccl_id(Napi::Env env, const Napi::Value& libraries) {
  const NcclId id = make_nccl_id(names_argument(libraries));
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, id.bytes.size());
  std::copy(id.bytes.begin(), id.bytes.end(), bytes.Data());
  return bytes;
}

#else

Napi::Value nccl_id(Napi::Env, const Napi::Value&) {
  throw Error(Status::unsupported, "this binary has no CUDA, and so no use for NCCL");
}

#endif

Exchange::Open transport_argument(const Napi::Value& options) {
  if (!options.IsObject()) throw Error(Status::invalid_argument, "createCommunicator needs { mpi } or { nccl }");
  const auto given = options.As<Napi::Object>();
  if (given.Has("mpi")) {
    return [names = names_argument(given.Get("mpi"))] { return join_mpi(names); };
  }
#ifdef POPE_WITH_CUDA
  if (given.Has("nccl")) return nccl_argument(given.Get("nccl").As<Napi::Object>());
#endif
  throw Error(Status::unsupported, "this binary knows no such way for ranks to reach each other");
}

}  // namespace pope::node
