// Stand-ins for mma.m16n8k16, ldmatrix and cp.async (native/cuda/mma.h has the layouts). All lanes of the warp must come
// to the first two, as on a GPU.
#pragma once

#include <cstdint>
#include <cstring>

#include "simt/simt.h"

namespace simt {

template <class ToFloat>
void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, ToFloat to_float,
                  const Where& where = Where::current()) {
  const uint64_t words[6] = {a[0], a[1], a[2], a[3], b0, b1};
  const Exchange& all = exchange(0xffffffffu, words, 6, where);
  const auto half = [&](int from, int word, int k) {
    return to_float(static_cast<uint16_t>(all.words[from][word] >> 16 * (k % 2)));
  };
  // Lane 4 r + t holds the numbers 2 t, 2 t + 1, 2 t + 8 and 2 t + 9 of row (or column) r.
  const auto a_at = [&](int row, int k) { return half(row % 8 * 4 + k % 8 / 2, row / 8 + k / 8 * 2, k); };
  const auto b_at = [&](int k, int column) { return half(column * 4 + k % 8 / 2, 4 + k / 8, k); };
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + i / 2 * 8, column = lane() % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) d[i] += a_at(row, k) * b_at(k, column);
  }
}

inline void load_matrices(uint32_t (&r)[4], const void* row, bool transposed, const Where& where = Where::current()) {
  require_boundary(row, 16);
  const uint64_t address = reinterpret_cast<uintptr_t>(row);
  const Exchange& all = exchange(0xffffffffu, &address, 1, where);
  const int g = lane() / 4, t = lane() % 4;
  for (int m = 0; m < 4; ++m) {
    const auto at = [&](int i, int j) {
      return uint32_t{reinterpret_cast<const uint16_t*>(static_cast<uintptr_t>(all.words[m * 8 + i][0]))[j]};
    };
    r[m] = transposed ? at(2 * t, g) | at(2 * t + 1, g) << 16 : at(g, 2 * t) | at(g, 2 * t + 1) << 16;
  }
}

// A copy is made by the wait that covers it, not before: who forgets the wait reads what was there. Or else at once
// (POPE_SIMT_ORDER), which shows who still reads what it overwrites.
struct AsyncCopy {
  void* to;
  const void* from;
  int bytes;

  void make() const {
    unsigned char line[16] = {};
    std::memcpy(line, from, static_cast<size_t>(bytes));
    std::memcpy(to, line, sizeof line);
  }
};
void queue_copy(const AsyncCopy& copy);
void end_copy_group();
// The oldest copy of the running thread that is not in its last `pending` groups.
bool take_copy(int pending, AsyncCopy& copy);

inline void copy_async(void* to, const void* from, int bytes) {
  require_boundary(to, 16);
  require_boundary(from, 16);
  const AsyncCopy copy{to, from, bytes};
  runs_backward() ? copy.make() : queue_copy(copy);
}
inline void commit_copies() { end_copy_group(); }
inline void wait_copies(int pending) {
  for (AsyncCopy copy; take_copy(pending, copy);) copy.make();
}

}  // namespace simt
