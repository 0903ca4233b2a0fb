// cuBLASLt, found at run time: no header and no library of it is needed to build. The environment variable POPE_CUBLASLT
// is `auto` (the default: libcublasLt.so.13, then .12, as the system's loader finds them), `off`, or the path of one, as
// for a library that came with a Python package.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/shared_library.h"
#include "cuda/stream.h"
#include "pope.h"

namespace pope::cuda {

struct CublasLtFunctions;  // the calls that are used (cublaslt.cpp)

struct CublasLtSearch {
  bool demanded = false;  // POPE_CUBLASLT is a path: then nothing else is used
  std::string library;    // file; "" when none was found
  const CublasLtFunctions* functions = nullptr;
  std::vector<LibraryRejection> rejected;
};

// The search is made by the first call.
const CublasLtSearch& cublaslt_search();

// C[m, n] = alpha op(A) op(B) + beta C, row-major. A is [m, k], or [k, m] when transposed; B is [k, n], or [n, k]; pitches
// are in elements. Sums in f32.
struct CublasLtProduct {
  bool a_transposed = false, b_transposed = false;
  int64_t m, n, k;
  const void* a;
  int64_t a_pitch;
  const void* b;
  int64_t b_pitch;
  void* c;
  int64_t c_pitch;
  int32_t dtype, c_dtype;  // pope_dtype of A and B, of C: f32, f16 or bf16
  float alpha = 1, beta = 0;
};

// Whether there is a cuBLASLt to call. Throws unsupported when POPE_CUBLASLT is a path that cannot be used.
bool have_cublaslt();

// Enqueues the product; false, and nothing enqueued, when the library has no way to do it (its sizes or its alignment).
bool multiply_cublaslt(const CublasLtProduct& product, Stream& stream);

}  // namespace pope::cuda
