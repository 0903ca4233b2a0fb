// The shim itself: what its barriers, warp functions, shared memory and instructions do, and what it refuses.
#include <cstring>
#include <string>
#include <vector>

#include "../core/check.h"
#include "core/error.h"
#include "cuda/cuda.h"
#include "cuda/mma.h"

using namespace pope::cuda;

namespace {

// Every thread adds up what all threads of its block wrote, dynamic shared memory and all three axes included.
__global__ void sum_of_numbers(int* sums, int* places) {
  const int threads = blockDim.x * blockDim.y * blockDim.z;
  const int thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  POPE_SHARED(int, offset, 1);
  POPE_SHARED_DYNAMIC(int, numbers);
  if (thread == 0) offset[0] = 1000 * block;
  numbers[thread] = thread;
  __syncthreads();
  int sum = offset[0];
  for (int i = 0; i < threads; ++i) sum += numbers[i];
  sums[block * threads + thread] = sum;
  atomicAdd(&places[thread], 1);
}

void threads_meet_at_barriers() {
  for (const dim3 block : {dim3(1), dim3(31), dim3(5, 3, 2), dim3(256), dim3(1024)}) {
    const int threads = block.x * block.y * block.z;
    std::vector<int> sums(12 * threads), places(threads);
    POPE_LAUNCH(sum_of_numbers, dim3(2, 3, 2), block, threads * sizeof(int), nullptr, sums.data(), places.data());
    for (int i = 0; i < 12 * threads; ++i) CHECK(sums[i] == 1000 * (i / threads) + threads * (threads - 1) / 2);
    for (const int count : places) CHECK(count == 12);
  }
}

struct Shuffled {
  int from_three, wide, neighbour, below, above, in_eight;
  unsigned ballot;
  int any;
};

__global__ void shuffle(Shuffled* out, unsigned mask) {
  const int i = threadIdx.x;
  out[i] = {__shfl_sync(mask, 10 * i, 3),        __shfl_sync(mask, 10 * i, 3, 8),
            __shfl_xor_sync(mask, 10 * i, 1),    __shfl_up_sync(mask, 10 * i, 2),
            __shfl_down_sync(mask, 10 * i, 2),   __shfl_down_sync(mask, 10 * i, 2, 8),
            __ballot_sync(mask, i % 3 == 0),     __any_sync(mask, i == 7)};
}

void lanes_exchange_values() {
  constexpr int garbage = static_cast<int>(0xCDCDCDCD);
  for (const int lanes : {32, 20}) {  // whole and partial last warps
    std::vector<Shuffled> out(lanes);
    POPE_LAUNCH(shuffle, 1, lanes, 0, nullptr, out.data(), 0xffffffffu);
    const auto of = [&](int lane) { return lane < lanes ? 10 * lane : garbage; };
    for (int i = 0; i < lanes; ++i) {
      CHECK(out[i].from_three == 30 && out[i].wide == of(i / 8 * 8 + 3) && out[i].neighbour == of(i ^ 1));
      CHECK(out[i].below == of(i < 2 ? i : i - 2) && out[i].above == of(i > 29 ? i : i + 2));
      CHECK(out[i].in_eight == of(i % 8 > 5 ? i : i + 2) && out[i].any == 1);
      CHECK(out[i].ballot == (0x49249249u & (lanes == 32 ? ~0u : (1u << lanes) - 1)));
    }
  }
}

// Two masks of one warp at a time, in a loop of different length.
__global__ void split_warp(int* out) {
  const int i = threadIdx.x;
  if (i < 12) {
    int value = i;
    for (int step = 0; step < 5; ++step) value += __shfl_sync(0xfffu, value, 11);
    out[i] = value;
  } else {
    out[i] = __shfl_sync(0xfffff000u, i, 12);
    __syncwarp(0xfffff000u);
  }
}

void masks_of_a_warp_are_independent() {
  std::vector<int> out(32);
  POPE_LAUNCH(split_warp, 1, 32, 0, nullptr, out.data());
  for (int i = 0; i < 32; ++i) CHECK(out[i] == (i < 12 ? i + 31 * 11 : 12));
}

__global__ void reductions(double* sums, float* largest) {
  const int i = threadIdx.x;
  sums[i] = block_sum<96>(static_cast<double>(i + 1));
  largest[i] = block_reduce<96>(static_cast<float>(i * 37 % 96), [](float a, float b) { return a > b ? a : b; });
}

void blocks_reduce() {
  std::vector<double> sums(96);
  std::vector<float> largest(96);
  POPE_LAUNCH(reductions, 1, 96, 0, nullptr, sums.data(), largest.data());
  for (int i = 0; i < 96; ++i) CHECK(sums[i] == 96 * 97 / 2 && largest[i] == 95);
}

__global__ void read_shared(unsigned* out) {
  POPE_SHARED(unsigned, fresh, 2);
  out[blockIdx.x] = fresh[1];
  fresh[1] = 7;
}

void shared_memory_begins_as_garbage() {
  unsigned out[2] = {};
  POPE_LAUNCH(read_shared, 2, 1, 0, nullptr, out);
  CHECK(out[0] == 0xCDCDCDCD && out[1] == 0xCDCDCDCD);
}

// d = a b through fragments loaded from shared memory, b once as rows of its columns and once transposed.
template <class T>
__global__ void tensor_core(const T* a, const T* b, float* d) {
  POPE_SHARED(T, rows, 16 * 16);
  POPE_SHARED(T, columns, 16 * 8);
  const int lane = threadIdx.x;
  for (int i = lane; i < 32; i += 32) copy_async(rows + 8 * i, a + 8 * i, 16);
  if (lane < 16) copy_async(columns + 8 * lane, b + 8 * lane, 16);
  commit_copies();
  wait_copies<0>();
  __syncthreads();
  uint32_t left[4], right[4];
  // Matrices 0 and 1 are the upper and lower rows of the first eight elements, 2 and 3 of the last eight.
  load_matrices(left, rows + (lane % 16) * 16 + lane / 16 * 8);
  load_matrices_transposed(right, columns + (lane % 16) * 8);
  float sum[4] = {};
  multiply_add<T>(sum, left, right[0], right[1]);
  for (int i = 0; i < 4; ++i) d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sum[i];
}

template <class T>
void tensor_cores_multiply() {
  std::vector<T> a(16 * 16), b(16 * 8);
  std::vector<float> d(16 * 8);
  for (size_t i = 0; i < a.size(); ++i) a[i] = from_float<T>(static_cast<float>(i * 7 % 31) - 15);
  for (size_t i = 0; i < b.size(); ++i) b[i] = from_float<T>(static_cast<float>(i * 11 % 29) - 14);
  // 16-byte boundaries, which a vector of 16-bit numbers need not have
  alignas(16) T aligned_a[16 * 16], aligned_b[16 * 8];
  std::memcpy(aligned_a, a.data(), sizeof aligned_a);
  std::memcpy(aligned_b, b.data(), sizeof aligned_b);
  POPE_LAUNCH(tensor_core<T>, 1, 32, 0, nullptr, aligned_a, aligned_b, d.data());
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      float expected = 0;
      for (int k = 0; k < 16; ++k) expected += to_float(a[row * 16 + k]) * to_float(b[k * 8 + column]);
      CHECK(d[row * 8 + column] == expected);
    }
  }
}

struct alignas(16) Line {
  unsigned char bytes[16];
};

__global__ void copy_in_groups(const Line* in, unsigned char* out) {
  POPE_SHARED(Line, lines, 3);
  copy_async(&lines[0], &in[0], 16);
  commit_copies();
  copy_async(&lines[1], &in[1], 5);
  commit_copies();
  out[0] = lines[0].bytes[3];  // nothing has been waited for
  wait_copies<1>();
  out[1] = lines[0].bytes[3];
  out[2] = lines[1].bytes[3];
  wait_copies<0>();
  out[3] = lines[1].bytes[4];
  out[4] = lines[1].bytes[5];
}

void copies_come_with_the_wait() {
  Line in[2];
  std::memset(in, 9, sizeof in);
  unsigned char out[5];
  POPE_LAUNCH(copy_in_groups, 1, 1, 0, nullptr, in, out);
  const unsigned char before = ::simt::runs_backward() ? 9 : 0xCD;
  CHECK(out[0] == before && out[1] == 9 && out[2] == before && out[3] == 9 && out[4] == 0);
}

// ---- what is refused ---------------------------------------------------------------------------------------------

template <class Launch>
std::string refusal(const Launch& launch) {
  try {
    launch();
  } catch (const pope::Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

#define CHECK_REFUSED(part, ...)                                                                                     \
  do {                                                                                                               \
    const std::string said = refusal([&] { __VA_ARGS__; });                                                          \
    if (said.find(part) == std::string::npos) std::fprintf(stderr, "said: %s\n", said.c_str());                      \
    CHECK(said.find(part) != std::string::npos);                                                                     \
  } while (false)

__global__ void barrier_for_some(int some) {
  if (static_cast<int>(threadIdx.x) < some) __syncthreads();
}

__global__ void two_barriers() {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void wrong_mask() { __shfl_sync(1u, 0, 0); }

__global__ void lane_has_left() {
  if (threadIdx.x != 5) __syncwarp();
}

__global__ void nothing() {}

__global__ void much_shared_memory() {
  POPE_SHARED(char, most, 64 << 10);
  most[0] = 1;
}

__global__ void misaligned_copy(char* bytes) {
  POPE_SHARED(Line, line, 1);
  copy_async(line, bytes + 1, 16);
}

__global__ void misaligned_pack(const char* bytes) { load_pack(bytes + 8); }

__global__ void misaligned_matrix(const char* bytes) {
  uint32_t m[4];
  load_matrices(m, bytes + 16 * threadIdx.x + 8 * (threadIdx.x == 7));
}

__global__ void some_shared_memory() {
  POPE_SHARED(char, some, 8 << 10);
  some[threadIdx.x] = 1;
}

__global__ void count_arrivals(int* arrived, int* places) {
  const int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  places[block * blockDim.x + threadIdx.x] = atomicAdd(arrived, 1);
}

void order_is_as_asked_for() {
  constexpr int count = 2 * 3 * 4 * 40;
  int arrived = 0, places[count];
  POPE_LAUNCH(count_arrivals, dim3(2, 3, 4), 40, 0, nullptr, &arrived, places);
  for (int i = 0; i < count; ++i) CHECK(places[i] == (::simt::runs_backward() ? count - 1 - i : i));
}

void blocks_that_cannot_go_on_are_reported() {
  CHECK_REFUSED("64 threads, the first 0, wait at shim_test.cpp:", POPE_LAUNCH(barrier_for_some, 1, 100, 0, nullptr, 64));
  CHECK_REFUSED("36 of 100 threads have returned", POPE_LAUNCH(barrier_for_some, 1, 100, 0, nullptr, 64));
  CHECK_REFUSED(" reached __syncthreads at shim_test.cpp:", POPE_LAUNCH(two_barriers, 1, 64, 0, nullptr));
  CHECK_REFUSED(" reached a warp function at", POPE_LAUNCH(wrong_mask, 1, 32, 0, nullptr));
  CHECK_REFUSED("31 threads, the first 0, wait at shim_test.cpp:", POPE_LAUNCH(lane_has_left, 1, 32, 0, nullptr));
  CHECK_REFUSED("99 KiB", POPE_LAUNCH(much_shared_memory, 1, 32, 40 << 10, nullptr));
  alignas(16) char bytes[16 * 33] = {};
  CHECK_REFUSED("16 bytes at once", POPE_LAUNCH(misaligned_copy, 1, 1, 0, nullptr, bytes));
  CHECK_REFUSED("16 bytes at once", POPE_LAUNCH(misaligned_pack, 1, 1, 0, nullptr, bytes));
  CHECK_REFUSED("16 bytes at once", POPE_LAUNCH(misaligned_matrix, 1, 32, 0, nullptr, bytes));
  POPE_LAUNCH(some_shared_memory, 1, 32, 40 << 10, nullptr);
  CHECK_REFUSED("needs allow_shared", POPE_LAUNCH(some_shared_memory, 1, 32, 41 << 10, nullptr));
  allow_shared(some_shared_memory, 42 << 10);
  POPE_LAUNCH(some_shared_memory, 1, 32, 42 << 10, nullptr);
  CHECK_REFUSED("needs allow_shared", POPE_LAUNCH(some_shared_memory, 1, 32, 43 << 10, nullptr));
  CHECK_REFUSED("which no GPU accepts", POPE_LAUNCH(nothing, 0, 32, 0, nullptr));
  CHECK_REFUSED("which no GPU accepts", POPE_LAUNCH(nothing, 1, 1025, 0, nullptr));
  // and the next launch is none the worse
  threads_meet_at_barriers();
}

void first_bits_are_found() {
  CHECK(__ffs(0) == 0 && __ffs(1) == 1 && __ffs(12) == 3 && __ffs(INT32_MIN) == 32);
}

}  // namespace

void test_shim() {
  threads_meet_at_barriers();
  lanes_exchange_values();
  masks_of_a_warp_are_independent();
  first_bits_are_found();
  blocks_reduce();
  shared_memory_begins_as_garbage();
  tensor_cores_multiply<f16>();
  tensor_cores_multiply<bf16>();
  copies_come_with_the_wait();
  order_is_as_asked_for();
  blocks_that_cannot_go_on_are_reported();
}
