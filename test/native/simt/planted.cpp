// Kernels with one bug each, for the proof that the sanitizers see it through the shim: the name of the bug is the first
// argument. `none` is the same kernel without any, on which they must stay silent.
#include <string_view>
#include <vector>

#include "cuda/mma.h"

using namespace pope::cuda;

namespace {

constexpr int kThreads = 64;

enum class Bug { none, shared_write, global_write, no_barrier, no_order_in_warp, early_copy };

// Each thread writes the number of its neighbour plus one.
template <Bug bug>
__global__ void neighbours(int* out) {
  POPE_SHARED(int, numbers, kThreads);
  const int i = threadIdx.x;
  numbers[bug == Bug::shared_write ? i + 1 : i] = i + 1;
  if constexpr (bug == Bug::no_order_in_warp) {
    __shfl_sync(kFullWarp, i, 0);  // makes lanes wait, but orders no memory
  } else if constexpr (bug != Bug::no_barrier) {
    __syncthreads();
  }
  out[bug == Bug::global_write ? i + 1 : i] = numbers[i ^ 1];
}

// Each thread takes a number before another one's copy begins to replace it.
template <Bug bug>
__global__ void replaced(const Pack<int>* next, int* out) {
  POPE_SHARED(Pack<int>, numbers, 1);
  const int i = threadIdx.x;
  if (i == 0) numbers[0] = {{1, 2, 3, 4}};
  __syncthreads();
  const int taken = bug == Bug::early_copy ? 0 : numbers[0].at[i % 4];
  if constexpr (bug != Bug::early_copy) __syncthreads();
  if (i == 0) copy_async(numbers, next, 16);
  commit_copies();
  out[i] = bug == Bug::early_copy ? numbers[0].at[i % 4] : taken;
  wait_copies<0>();
}

template <Bug bug>
bool run() {
  std::vector<int> out(kThreads);
  const Pack<int> next{{5, 6, 7, 8}};
  if constexpr (bug == Bug::none || bug == Bug::early_copy) {
    POPE_LAUNCH(replaced<bug>, 1, kThreads, 0, nullptr, &next, out.data());
  }
  POPE_LAUNCH(neighbours<bug>, 1, kThreads, 0, nullptr, out.data());
  return true;
}

bool run_named(std::string_view name) {
  if (name == "none") return run<Bug::none>();
  if (name == "shared-write") return run<Bug::shared_write>();
  if (name == "global-write") return run<Bug::global_write>();
  if (name == "no-barrier") return run<Bug::no_barrier>();
  if (name == "no-order-in-warp") return run<Bug::no_order_in_warp>();
  if (name == "early-copy") return run<Bug::early_copy>();
  return false;
}

}  // namespace

int main(int count, char** arguments) { return count == 2 && run_named(arguments[1]) ? 0 : 2; }
