// libFuzzer target: every op behind the Node addon with random arrays, sizes and numbers. What an op's checks accept must
// run within its arrays; what they refuse must be a pope::Error.
#include <cstdlib>

#include "core/thread_pool.h"
#include "fuzz/input.h"
#include "kernels/op.h"

namespace pope::fuzz {

namespace {

// Sizes of arrays are products of the call's sizes more often than not, so that some calls pass the checks.
struct Block {
  Input& in;
  Memory memory;
  std::vector<int64_t> dims;

  Array array() {
    if (in.chance(12)) return {};
    int64_t count = in.chance(8) ? in.below(8) : 1;
    for (const int64_t dim : dims) {
      if (in.chance(2) && dim >= 0 && dim < 128 && count * dim < 1 << 14) count *= dim;
    }
    if (in.chance(12)) count += 1;
    // Segments, spans and places are fours and threes of int32.
    const int64_t parts = in.chance(4) ? 3 + in.below(2) : 1;
    count *= parts;
    switch (in.below(4)) {
      case 0: return of<float>(count, [&](int64_t) { return in.element<float>(); });
      case 1: return of<double>(count, [&](int64_t) { return in.element<double>(); });
      case 2: return of<uint16_t>(count, [&](int64_t) { return in.element<uint16_t>(); });
      default: {
        const int64_t rising = in.chance(2);
        return of<int32_t>(count, [&](int64_t i) { return rising ? static_cast<int32_t>(i / parts) : in.element<int32_t>(); });
      }
    }
  }

 private:
  template <class T, class Fill>
  Array of(int64_t count, Fill fill) {
    return {memory.array<T>(count, fill), static_cast<size_t>(count) * sizeof(T)};
  }
};

}  // namespace

}  // namespace pope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pope;
  fuzz::Input in(data, size);
  const auto ops = all_ops();
  const Op& op = ops[static_cast<size_t>(in.below(static_cast<int>(ops.size())))];
  fuzz::Block block{in, {}, {}};
  for (int n = in.below(8); n > 0; --n) block.dims.push_back(in.size(in.chance(3) ? in.below(40) : in.below(4)));
  std::vector<double> scalars(static_cast<size_t>(in.below(9)));
  for (double& scalar : scalars) scalar = in.chance(2) ? 1 : in.number();
  std::vector<Array> inputs(static_cast<size_t>(in.below(8))), outputs(static_cast<size_t>(in.below(6)));
  for (Array& array : inputs) array = block.array();
  for (Array& array : outputs) array = block.array();
  try {
    const Work work = op.prepare(OpCall(op.name, inputs, outputs, block.dims, scalars));
    work.cpu(ThreadPool::shared());
  } catch (const Error& error) {
    if (error.status == Status::internal || error.status == Status::out_of_memory) std::abort();
  }
  return 0;
}
