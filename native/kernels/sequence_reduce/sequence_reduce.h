// sequence_reduce: sums and means of token values over each response. Arguments: pope.h, already checked (native/abi).
#pragma once

#include "core/thread_pool.h"
#include "pope.h"

namespace pope {

void sequence_reduce(const pope_sequence_reduce_args& args, ThreadPool& pool);

}  // namespace pope
