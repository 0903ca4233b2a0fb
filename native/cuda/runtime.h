// The few functions of a GPU's runtime that this library calls, so that everything above them is compiled twice: over
// the CUDA runtime (runtime.cuda.cpp) and, for tests, over host memory on which native/simt runs the kernels
// (runtime.simt.cpp). What fails throws Error internal with the runtime's own words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cuda/stream.h"

namespace pope::cuda {

struct DeviceDescription {
  std::string name;
  int compute_major, compute_minor;
  size_t memory_bytes;
  int multiprocessors;
};

// What the runtime finds on this machine; 0 is an unknown version, 13000 stands for 13.0.
struct Probe {
  std::string reason;  // why no GPU can be used; "" when one can
  int driver_version = 0, runtime_version = 0;
  std::vector<DeviceDescription> devices;
};

namespace runtime {

// Asks anew at each call. Never throws.
Probe probe();
DeviceProperties properties();

// Memory of the device; nullptr when there is no more of it. `free` waits for all work on the device.
void* allocate(size_t bytes);
void free(void* data) noexcept;

// The same in the order of a stream.
void* allocate(size_t bytes, StreamHandle stream);
void free(void* data, StreamHandle stream) noexcept;
// Gives what free(data, stream) keeps for reuse back to the device.
void trim() noexcept;

// Host memory that the device copies from and to without the processor.
void* allocate_pinned(size_t bytes);
void free_pinned(void* data) noexcept;

StreamHandle create_stream();
void destroy_stream(StreamHandle stream) noexcept;
void wait(StreamHandle stream);

using Event = void*;
Event create_event();
void destroy_event(Event event) noexcept;
void record(Event event, StreamHandle stream);
void wait(Event event);  // returns at once for one that was never recorded
bool finished(Event event);

// Between device memory, pinned memory or both, in stream order.
void copy(void* to, const void* from, size_t bytes, StreamHandle stream);
void fill_bytes(void* data, int value, size_t bytes, StreamHandle stream);

// What a stream is given between begin and end is not run but kept, as a graph that launch() then runs, as often as it is
// called. In between this thread may neither wait nor take memory.
using Graph = void*;
void begin_capture(StreamHandle stream);
Graph end_capture(StreamHandle stream);
void abandon_capture(StreamHandle stream) noexcept;
void launch(Graph graph, StreamHandle stream);
void destroy_graph(Graph graph) noexcept;

// Throws when a launch of this thread since the last call could not start.
void check_launches();

}  // namespace runtime

}  // namespace pope::cuda
