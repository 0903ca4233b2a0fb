#include "kernels/embedding/add_rows.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/column_sums.h"
#include "kernels/embedding/gather_rows.h"

namespace pope {

namespace {

constexpr int64_t kGrain = 4;  // rows of x: a frequent token has many positions

}  // namespace

void add_rows(const char* op, const float* dy, const int32_t* index, float* x, int64_t rows, int64_t width,
              int64_t count, ThreadPool& pool) {
  check_index(op, index, rows, 0, count);
  std::vector<int64_t> positions(count);
  std::iota(positions.begin(), positions.end(), 0);
  std::stable_sort(positions.begin(), positions.end(), [=](int64_t a, int64_t b) { return index[a] < index[b]; });

  std::vector<int64_t> starts;  // of the positions of each row that occurs
  for (int64_t i = 0; i < count; ++i) {
    if (i == 0 || index[positions[i]] != index[positions[i - 1]]) starts.push_back(i);
  }
  const auto distinct = static_cast<int64_t>(starts.size());
  starts.push_back(count);

  pool.parallel_for(distinct, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t* own = positions.data() + starts[r];
      add_column_sums(x + index[*own] * width, starts[r + 1] - starts[r], 0, width,
                      [=](int64_t i, int64_t j) { return dy[own[i] * width + j]; });
    }
  });
}

}  // namespace pope
