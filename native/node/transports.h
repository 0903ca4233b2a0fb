// The transports of this binary, as JavaScript names them.
#pragma once

#include "comm/exchange.h"
#include "node/napi_setup.h"

namespace pope::node {

// { mpi: library names } or { nccl: { libraries, rank, size, id } }. What cannot be opened is told when that is tried.
Exchange::Open transport_argument(const Napi::Value& options);

// 128 bytes by which the ranks of NCCL find each other.
Napi::Value nccl_id(Napi::Env env, const Napi::Value& libraries);

}  // namespace pope::node
