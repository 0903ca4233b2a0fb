#include "kernels/embedding/gather_rows.h"

#include <algorithm>

namespace pope {

namespace {

constexpr int64_t kGrain = 16;  // rows

}  // namespace

void check_index(const char* op, const int32_t* index, int64_t rows, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    if (index[i] < 0 || index[i] >= rows) throw bad_index(op, index[i], i, rows);
  }
}

void gather_rows(const char* op, const float* x, const int32_t* index, float* out, int64_t rows, int64_t width,
                 int64_t count, ThreadPool& pool) {
  pool.parallel_for(count, kGrain, [=](int64_t begin, int64_t end) {
    check_index(op, index, rows, begin, end);
    for (int64_t i = begin; i < end; ++i) std::copy_n(x + index[i] * width, width, out + i * width);
  });
}

}  // namespace pope
