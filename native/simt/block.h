// Runs the threads of a grid on the calling OS thread: one block after another, every CUDA thread of a block a fiber
// that runs until it has to wait for others. Kernels see this through the CUDA names of simt.h.
//
// The order of threads is fixed, so results are reproducible; what a GPU would run at once is checked, not exhibited:
// TSan sees no order between fibers but that of barriers and atomics (threads of one number in different blocks are one
// fiber, and ordered). That holds only while TSan does not see the scheduler's own memory: block.cpp and fiber.cpp are
// compiled without it, with POPE_SIMT_TSAN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <source_location>

namespace simt {

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// Where the running thread stands in its grid.
struct Place {
  uint3 thread, block;
  dim3 block_size, grid_size;
};
extern thread_local constinit const Place* current_place;

// Throws pope::Error: of a configuration that a GPU would refuse, and, naming threads and lines, of a block that cannot
// go on. The blocks and threads that had not finished are then forgotten.
void run_grid(dim3 grid, dim3 block, size_t dynamic_bytes, const std::function<void()>& kernel);

// ---- for the running thread of a kernel --------------------------------------------------------------------------

void sync_block(const std::source_location& where);
void sync_warp(unsigned mask, const std::source_location& where);

// What each lane of `mask` brings to a warp function, in words. A lane outside of the mask holds kGarbage.
constexpr int kExchangeWords = 8;
constexpr uint64_t kGarbage = 0xCDCDCDCDCDCDCDCD;
struct Exchange {
  uint64_t words[32][kExchangeWords];
};
// Waits for all lanes of `mask`; the reference holds until the lane's next exchange.
const Exchange& exchange(unsigned mask, const uint64_t* words, int count, const std::source_location& where);
int lane();

// The block's shared array of the POPE_SHARED at `site`, made by the first thread that asks: a heap block of exactly
// that size, so that ASan sees every access beyond it, filled with 0xCD.
void* shared_array(const void* site, size_t bytes);
void* dynamic_shared_array();

}  // namespace simt
