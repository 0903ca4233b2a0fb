// Device memory and its random contents.
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>

#include "bench.h"
#include "cuda/cuda.h"

namespace bench {

namespace {

// Normal numbers that are a function of seed and place (Box and Muller; the mixer is that of SplitMix64).
__device__ uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

template <class T>
__global__ void fill_normal(T* values, int64_t count, uint64_t seed, float deviation) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint64_t bits = mixed(seed * 0x9e3779b97f4a7c15u + static_cast<uint64_t>(i));
    const float u = (static_cast<float>(bits >> 40) + 1) * 0x1p-24f, angle = static_cast<float>(bits & 0xffffff) * 0x1p-23f;
    values[i] = pope::cuda::from_float<T>(deviation * sqrtf(-2 * logf(u)) * cosf(3.14159265f * angle));
  }
}

template <class T>
__global__ void widen(const T* values, float* floats, int64_t count) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    floats[i] = pope::cuda::to_float(values[i]);
  }
}

constexpr int kBlocks = 1024, kThreads = 256;

// Calls use(T*) with the memory as numbers of its dtype.
template <class Use>
void with_numbers(const Memory& memory, int32_t dtype, Use&& use) {
  if (dtype == POPE_F32) use(memory.as<float>());
  if (dtype == POPE_F16) use(memory.as<pope::cuda::f16>());
  if (dtype == POPE_BF16) use(memory.as<pope::cuda::bf16>());
  require(cudaDeviceSynchronize(), "a kernel of the benchmark");
}

}  // namespace

void require(cudaError_t status, const char* what) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

int64_t element_bytes(int32_t dtype) { return dtype == POPE_F32 ? 4 : 2; }

const char* dtype_name(int32_t dtype) { return dtype == POPE_F32 ? "f32" : dtype == POPE_F16 ? "f16" : "bf16"; }

Memory::Memory(int64_t bytes) { require(cudaMalloc(&data_, static_cast<size_t>(bytes)), "memory of the device"); }
Memory::~Memory() { cudaFree(data_); }

Memory random_matrix(int32_t dtype, int64_t count, uint64_t seed, float deviation) {
  Memory memory(count * element_bytes(dtype));
  with_numbers(memory, dtype, [&]<class T>(T* values) {
    POPE_LAUNCH(fill_normal<T>, kBlocks, kThreads, 0, nullptr, values, count, seed, deviation);
  });
  return memory;
}

std::vector<uint8_t> read_bytes(const Memory& memory, int64_t bytes) {
  std::vector<uint8_t> values(bytes);
  require(cudaMemcpy(values.data(), memory.as<void>(), values.size(), cudaMemcpyDeviceToHost), "copy to the host");
  return values;
}

std::vector<float> read_floats(const Memory& memory, int32_t dtype, int64_t count) {
  const Array<float> floats(count);
  with_numbers(memory, dtype, [&]<class T>(T* values) {
    POPE_LAUNCH(widen<T>, kBlocks, kThreads, 0, nullptr, values, floats.data(), count);
  });
  return floats.read();
}

std::vector<int32_t> random_targets(int64_t rows, int64_t vocab, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int32_t> targets(rows);
  for (int32_t& target : targets) target = static_cast<int32_t>(random() % static_cast<uint64_t>(vocab));
  return targets;
}

std::vector<double> random_doubles(int64_t count, uint64_t seed, double low, double high) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> values(count);
  for (double& value : values) value = uniform(random);
  return values;
}

}  // namespace bench
