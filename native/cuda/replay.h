// Steps on a GPU. The first run is an ordinary one: it takes scratch memory, loads kernels and lets a library choose its
// algorithms, which a stream that is captured must not. The second is captured as a graph, which every run from then on
// launches: one call for hundreds of kernels.
#pragma once

#include <memory>
#include <vector>

#include "core/program.h"
#include "cuda/kept.h"
#include "cuda/runtime.h"

namespace pope::cuda {

class CudaDevice;

class CudaReplay final : public Replay {
 public:
  CudaReplay(std::vector<Step> steps, CudaDevice& device);
  ~CudaReplay() override;

  void run() override;

 private:
  void enqueue();
  runtime::Graph capture();

  const std::vector<Step> steps_;
  CudaDevice& device_;
  const std::shared_ptr<Kept> kept_;  // also the device's until it has asked for refusals
  bool ran_ = false;
  runtime::Graph graph_ = nullptr;
};

}  // namespace pope::cuda
