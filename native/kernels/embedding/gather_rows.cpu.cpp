#include "kernels/embedding/gather_rows.h"

#include <algorithm>

#include "kernels/elementwise/cast.h"
#include "pope.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 16;  // rows

}  // namespace

void check_index(const char* op, const int32_t* index, int64_t rows, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    if (index[i] < 0 || index[i] >= rows) throw bad_index(op, index[i], i, rows);
  }
}

void gather_rows(const char* op, const void* x, int32_t dtype, const int32_t* index, float* out, int64_t rows,
                 int64_t width, int64_t count, ThreadPool& pool) {
  pool.parallel_for(count, kGrain, [=](int64_t begin, int64_t end) {
    check_index(op, index, rows, begin, end);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t from = index[i] * width;
      float* const to = out + i * width;
      if (dtype == POPE_F32) {
        std::copy_n(static_cast<const float*>(x) + from, width, to);
      } else {
        cast(static_cast<const uint16_t*>(x) + from, to, width, dtype);
      }
    }
  });
}

}  // namespace pope
