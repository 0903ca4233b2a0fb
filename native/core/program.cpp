#include "core/program.h"

#include <iterator>
#include <utility>

#include "core/queue.h"

namespace pope {

namespace {

std::vector<std::shared_ptr<Memory>> alive(const std::set<std::shared_ptr<Memory>>& memory) {
  std::vector<std::shared_ptr<Memory>> found;
  for (const auto& one : memory) {
    if (one->block.data) found.push_back(one);
  }
  return found;
}

}  // namespace

Error at_op(const Error& error, const char* op, const std::vector<int64_t>& dims) {
  std::string list;
  for (const int64_t dim : dims) list += (list.empty() ? "" : ", ") + std::to_string(dim);
  return Error(error.status, error.what() + (std::string(" (op ") + op + ", dims [" + list + "])"), error.index);
}

void Recording::add(Step step, const Buffers& inputs, const Buffers& outputs) {
  for (const auto& input : inputs) {
    if (input && !written_.contains(input)) read_.insert(input);
  }
  for (const auto& output : outputs) {
    if (output) written_.insert(output);
  }
  steps_.push_back(std::move(step));
}

std::shared_ptr<Program> Recording::finish(std::shared_ptr<Device> device) {
  auto program = std::make_shared<Program>();
  program->replay = device->replay(std::exchange(steps_, {}));
  program->device = std::move(device);
  program->inputs = alive(read_);
  program->outputs = alive(written_);
  return program;
}

}  // namespace pope
