#include "kernels/decode/scatter_rows.h"

#include <algorithm>

#include "kernels/elementwise/narrow.h"
#include "pope.h"

namespace pope {

// One thread: two rows may have the same destination, and copying waits for memory, not for a processor.
void scatter_rows(const float* x, const int32_t* index, void* dst, int32_t dtype, const ScatterShape& shape) {
  for (int64_t i = 0; i < shape.rows; ++i) {
    const float* const from = x + i * shape.width;
    const int64_t to = index[i] * shape.width;
    if (dtype == POPE_F32) {
      std::copy_n(from, shape.width, static_cast<float*>(dst) + to);
    } else {
      narrow(from, static_cast<uint16_t*>(dst) + to, shape.width, dtype);
    }
  }
}

}  // namespace pope
