#include "kernels/decode/scatter_rows.h"

#include <algorithm>

namespace pope {

// One thread: two rows may have the same destination, and copying waits for memory, not for a processor.
void scatter_rows(const float* x, const int32_t* index, float* dst, const ScatterShape& shape) {
  for (int64_t i = 0; i < shape.rows; ++i) {
    std::copy_n(x + i * shape.width, shape.width, dst + index[i] * shape.width);
  }
}

}  // namespace pope
