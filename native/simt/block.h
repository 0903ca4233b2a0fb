// Runs the threads of a grid on the calling OS thread: one block after another, every CUDA thread of a block a fiber
// that runs until it has to wait for others. Kernels see this through the CUDA names of simt.h.
//
// The order of threads is fixed, so results are reproducible; what a GPU would run at once is checked, not exhibited:
// TSan sees no order between fibers but that of barriers and atomics (threads of one number in different blocks are one
// fiber, and ordered). That holds only while TSan does not see the scheduler's own memory: block.cpp and fiber.cpp are
// compiled without it, with POPE_SIMT_TSAN. With the environment variable POPE_SIMT_ORDER=backward the last block and the
// last thread come first, and asynchronous copies are made when they are begun, not when they are waited for: what
// depends on either is wrong on a GPU.
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

// The kernel may be launched with as much dynamic shared memory from now on.
void allow_dynamic_bytes(const void* kernel, size_t bytes);

// Throws pope::Error: of a configuration that a GPU would refuse, and, naming threads and lines, of a block that cannot
// go on. The blocks and threads that had not finished are then forgotten.
void run_grid(const void* name, dim3 grid, dim3 block, size_t dynamic_bytes, const std::function<void()>& kernel);

// Whether POPE_SIMT_ORDER says so.
bool runs_backward();

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

// Stops the block where a GPU would fault: `bytes` are read or written at once at an address that is no multiple of them.
void require_boundary(const void* address, size_t bytes);

}  // namespace simt
