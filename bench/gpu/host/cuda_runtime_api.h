// What this benchmark calls of the CUDA runtime, over host memory: `run.sh --host` compiles with it instead of NVIDIA's header,
// so that all but the numbers can be tried without a GPU. Work has finished when it returns, so an event is a time.
#pragma once

#include <chrono>
#include <cstdlib>
#include <cstring>

using cudaStream_t = struct CUstream_st*;
using cudaError_t = int;
using cudaEvent_t = std::chrono::steady_clock::time_point*;
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
constexpr cudaError_t cudaSuccess = 0;

struct cudaDeviceProp {
  char name[16] = "host (SIMT)";
  int multiProcessorCount = 2;
};

inline const char* cudaGetErrorString(cudaError_t) { return "no memory"; }
inline cudaError_t cudaMalloc(void** data, size_t bytes) {
  *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256 + 256);
  return *data ? cudaSuccess : 2;
}
inline cudaError_t cudaFree(void* data) { return std::free(data), cudaSuccess; }
inline cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  if (bytes > 0) std::memcpy(to, from, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaMemset(void* data, int value, size_t bytes) { return std::memset(data, value, bytes), cudaSuccess; }
inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
  *available = *total = size_t{1} << 40;
  return cudaSuccess;
}

inline cudaError_t cudaEventCreate(cudaEvent_t* event) { return *event = new std::chrono::steady_clock::time_point, cudaSuccess; }
inline cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *event = std::chrono::steady_clock::now();
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  *ms = std::chrono::duration<float, std::milli>(*end - *begin).count();
  return cudaSuccess;
}

inline cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) { return *properties = {}, cudaSuccess; }
inline cudaError_t cudaDriverGetVersion(int* version) { return *version = 0, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 0, cudaSuccess; }
