// A BLAS of the system, found at run time. The environment variable POPE_BLAS is `auto` (the default: the first of a
// list of optimised libraries that loads and is not slower than our own kernel), `off`, or the path of one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/shared_library.h"

namespace pope {

// cblas_sgemm with 32-bit sizes.
using Sgemm = void(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a,
                   int lda, const float* b, int ldb, float beta, float* c, int ldc);

constexpr int kRowMajor = 101, kNoTranspose = 111, kTranspose = 112;

struct Blas {
  std::string library;    // file
  std::string core_type;  // the kernels that the library chose for this processor; "" when it does not say
  Sgemm* sgemm;           // runs on the calling thread alone; may be called from several at once
};

struct BlasSearch {
  bool demanded;  // POPE_BLAS is a path: then that library is used, fast or not
  std::optional<Blas> found;
  std::vector<LibraryRejection> rejected;
};

// The search is made by the first call.
const BlasSearch& blas_search();

// What to multiply with, or nullptr. Throws unsupported when POPE_BLAS is a path that cannot be used.
const Blas* active_blas();

}  // namespace pope
