#include "kernels/op.h"
#include "kernels/rope/rope.h"

#ifdef POPE_REFERENCE
#include "kernels/rope/rope.reference.h"
#endif

namespace pope {

Work prepare_rope(const OpCall& call) {
  const RopeShape shape{call.size(0), call.size(1), call.size(2), call.size(3), call.size(4)};
  if (shape.rotary % 2 != 0 || shape.rotary > shape.head) {
    call.fail(Status::shape, "the rotated width must be even and at most the head size " + std::to_string(shape.head) +
                                 ", not " + std::to_string(shape.rotary));
  }
  const int64_t count = checked_product({shape.rows, shape.heads, shape.head});
  const int64_t angles = checked_product({shape.table, shape.rotary / 2});
  const Scalar* x = call.input<Scalar>(0, count);
  const int32_t* positions = call.input<int32_t>(1, shape.rows);
  const Scalar* cos = call.input<Scalar>(2, angles);
  const Scalar* sin = call.input<Scalar>(3, angles);
  Scalar* out = call.output<Scalar>(0, count);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::rope(x, positions, cos, sin, out, shape); };
#else
  return [=](ThreadPool& pool) { rope(x, positions, cos, sin, out, shape, pool); };
#endif
}

}  // namespace pope
