// rope: rotary position embedding. For every row at position t and every head h, with half = rotary / 2 and i < half,
//   out[i]        = h[i] cos[t, i] - h[i + half] sin[t, i]
//   out[i + half] = h[i + half] cos[t, i] + h[i] sin[t, i]
// and out[j] = h[j] for rotary <= j < head.
//   x, out [rows, heads * head]   positions [rows], in [0, table)   cos, sin [table, rotary / 2]
// Su et al., "RoFormer" (2021), with the pairing (i, i + half) of GPT-NeoX and Llama checkpoints. Frequencies and their
// scalings are in the tables, which the caller makes.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/thread_pool.h"

namespace pope {

struct RopeShape {
  int64_t rows, heads, head, rotary, table;
};

// What is thrown for a position outside the table.
inline Error bad_position(const char* op, int64_t position, int64_t row, int64_t table) {
  return Error(Status::out_of_range,
               std::string(op) + ": position " + std::to_string(position) + " of row " + std::to_string(row) +
                   " is outside the table of " + std::to_string(table) + " positions",
               row);
}

// Throws out_of_range naming the first row whose position is outside the table.
void rope(const float* x, const int32_t* positions, const float* cos, const float* sin, float* out,
          const RopeShape& shape, ThreadPool& pool);

// rope_backward: the transpose of rope, which rotates by the negative angle.
//   dx[i]        = dy[i] cos[t, i] + dy[i + half] sin[t, i]
//   dx[i + half] = dy[i + half] cos[t, i] - dy[i] sin[t, i]
void rope_backward(const float* dy, const int32_t* positions, const float* cos, const float* sin, float* dx,
                   const RopeShape& shape, ThreadPool& pool);

}  // namespace pope
