#include "cuda/runtime.h"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <mutex>

namespace pope::cuda {

namespace {

constexpr int kOldestMajor = 8;  // of the architectures in CMakeLists.txt

void require(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is reported here is not the next launch's
  throw Error(status == cudaErrorMemoryAllocation ? Status::out_of_memory : Status::internal,
              std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
}

// nullptr for want of memory, which the caller can do something about.
template <class Allocate>
void* memory_or_null(const char* what, Allocate&& allocate) {
  void* data = nullptr;
  const cudaError_t status = allocate(&data);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  require(status, what);
  return data;
}

int attribute(cudaDeviceAttr name, int device) {
  int value = 0;
  require(cudaDeviceGetAttribute(&value, name, device), "cudaDeviceGetAttribute");
  return value;
}

int current_device() {
  int device = 0;
  require(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}

// A pool of our own per device: it keeps what is freed, which the default one gives back at every wait, and is not the
// caller's to configure when a stream comes through the C ABI.
cudaMemPool_t scratch_pool(int device) {
  static std::mutex mutex;
  static std::map<int, cudaMemPool_t> pools;
  std::lock_guard lock(mutex);
  if (const auto found = pools.find(device); found != pools.end()) return found->second;
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  cudaMemPool_t pool;
  require(cudaMemPoolCreate(&pool, &properties), "cudaMemPoolCreate");
  uint64_t keep = UINT64_MAX;
  require(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "cudaMemPoolSetAttribute");
  pools.emplace(device, pool);
  return pool;
}

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

std::string reason_of(cudaError_t status, const Probe& probe) {
  if (status == cudaErrorInsufficientDriver && probe.driver_version == 0) {
    return "no NVIDIA driver was found (libcuda.so.1)";
  }
  if (status == cudaErrorInsufficientDriver) {
    return "the NVIDIA driver is too old: it supports CUDA " + version(probe.driver_version) +
           ", this binary needs " + version(probe.runtime_version);
  }
  if (status == cudaErrorNoDevice) {
    return "the NVIDIA driver shows no GPU to this process (see nvidia-smi and CUDA_VISIBLE_DEVICES)";
  }
  return std::string("CUDA: ") + cudaGetErrorString(status);
}

}  // namespace

namespace runtime {

Probe probe() {
  Probe probe;
  cudaDriverGetVersion(&probe.driver_version);
  cudaRuntimeGetVersion(&probe.runtime_version);
  int count = 0;
  cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
  for (int device = 0; device < count && status == cudaSuccess; ++device) {
    cudaDeviceProp found;
    status = cudaGetDeviceProperties(&found, device);
    if (status != cudaSuccess) break;
    probe.devices.push_back({found.name, found.major, found.minor, found.totalGlobalMem, found.multiProcessorCount});
  }
  if (status != cudaSuccess) {
    cudaGetLastError();
    probe.reason = reason_of(status, probe);
  } else if (const DeviceDescription& first = probe.devices.front(); first.compute_major < kOldestMajor) {
    probe.reason = first.name + " has compute capability " + std::to_string(first.compute_major) + "." +
                   std::to_string(first.compute_minor) + ", this binary has code for 8.0 and later";
  }
  return probe;
}

DeviceProperties properties() {
  const int device = current_device();
  return {.multiprocessors = attribute(cudaDevAttrMultiProcessorCount, device),
          .compute_major = attribute(cudaDevAttrComputeCapabilityMajor, device),
          .compute_minor = attribute(cudaDevAttrComputeCapabilityMinor, device),
          .shared_bytes = static_cast<size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device)),
          .l2_bytes = static_cast<size_t>(attribute(cudaDevAttrL2CacheSize, device))};
}

void* allocate(size_t bytes) {
  return memory_or_null("cudaMalloc", [&](void** data) { return cudaMalloc(data, bytes); });
}

void free(void* data) noexcept { cudaFree(data); }

void* allocate(size_t bytes, StreamHandle stream) {
  const cudaMemPool_t pool = scratch_pool(current_device());
  return memory_or_null("cudaMallocFromPoolAsync",
                        [&](void** data) { return cudaMallocFromPoolAsync(data, bytes, pool, stream); });
}

void free(void* data, StreamHandle stream) noexcept { cudaFreeAsync(data, stream); }

void trim() noexcept {
  try {
    cudaMemPoolTrimTo(scratch_pool(current_device()), 0);
  } catch (const Error&) {
    // Without a device there is nothing to give back.
  }
}

void* allocate_pinned(size_t bytes) {
  void* data = memory_or_null("cudaMallocHost", [&](void** data) { return cudaMallocHost(data, bytes); });
  if (!data) throw Error(Status::out_of_memory, "the system gave no more memory that a GPU can copy from");
  return data;
}

void free_pinned(void* data) noexcept { cudaFreeHost(data); }

StreamHandle create_stream() {
  cudaStream_t stream;
  require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  return stream;
}

void destroy_stream(StreamHandle stream) noexcept { cudaStreamDestroy(stream); }

void wait(StreamHandle stream) { require(cudaStreamSynchronize(stream), "the device failed"); }

Event create_event() {
  cudaEvent_t event;
  require(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
  return event;
}

void destroy_event(Event event) noexcept { cudaEventDestroy(static_cast<cudaEvent_t>(event)); }

void record(Event event, StreamHandle stream) {
  require(cudaEventRecord(static_cast<cudaEvent_t>(event), stream), "cudaEventRecord");
}

void wait(Event event) { require(cudaEventSynchronize(static_cast<cudaEvent_t>(event)), "the device failed"); }

bool finished(Event event) {
  const cudaError_t status = cudaEventQuery(static_cast<cudaEvent_t>(event));
  if (status == cudaErrorNotReady) {
    cudaGetLastError();
    return false;
  }
  require(status, "the device failed");
  return true;
}

void copy(void* to, const void* from, size_t bytes, StreamHandle stream) {
  require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync");
}

void fill_bytes(void* data, int value, size_t bytes, StreamHandle stream) {
  require(cudaMemsetAsync(data, value, bytes, stream), "cudaMemsetAsync");
}

// Other threads go on taking and freeing memory meanwhile.
void begin_capture(StreamHandle stream) {
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

Graph end_capture(StreamHandle stream) {
  cudaGraph_t captured;
  require(cudaStreamEndCapture(stream, &captured), "cudaStreamEndCapture");
  cudaGraphExec_t graph;
  const cudaError_t status = cudaGraphInstantiateWithFlags(&graph, captured, 0);
  cudaGraphDestroy(captured);
  require(status, "cudaGraphInstantiate");
  return graph;
}

void abandon_capture(StreamHandle stream) noexcept {
  cudaGraph_t captured = nullptr;
  cudaStreamEndCapture(stream, &captured);
  if (captured) cudaGraphDestroy(captured);
  cudaGetLastError();
}

void launch(Graph graph, StreamHandle stream) {
  require(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), stream), "cudaGraphLaunch");
}

void destroy_graph(Graph graph) noexcept { cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)); }

void check_launches() { require(cudaGetLastError(), "a kernel could not be launched"); }

}  // namespace runtime

}  // namespace pope::cuda
