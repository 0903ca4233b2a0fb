#include "cuda/replay.h"

#include <utility>

#include "cuda/device.h"

namespace pope::cuda {

CudaReplay::CudaReplay(std::vector<Step> steps, CudaDevice& device)
    : steps_(std::move(steps)), device_(device), kept_(std::make_shared<Kept>(device.stream())) {}

CudaReplay::~CudaReplay() {
  if (graph_) runtime::destroy_graph(graph_);
}

void CudaReplay::run() {
  if (ran_) {
    if (!graph_) graph_ = capture();
    runtime::launch(graph_, device_.stream().handle());
  } else {
    enqueue();
    kept_->seal();
    ran_ = true;
  }
  device_.replayed(kept_);
}

void CudaReplay::enqueue() {
  Stream& stream = device_.stream();
  const Stream::Keeping keeping(stream, *kept_);
  kept_->begin_pass();
  for (const Step& step : steps_) {
    kept_->begin_step(step);
    try {
      step.work.cuda(stream);
      stream.check_launches();
    } catch (...) {
      throw at_op(current_error(), step.op, step.dims);
    }
  }
}

runtime::Graph CudaReplay::capture() {
  const StreamHandle handle = device_.stream().handle();
  runtime::begin_capture(handle);
  try {
    enqueue();
  } catch (...) {
    runtime::abandon_capture(handle);
    throw;
  }
  return runtime::end_capture(handle);
}

}  // namespace pope::cuda
