#include "kernels/op.h"
#include "kernels/rope/rope.h"

#ifdef POPE_REFERENCE
#include "kernels/rope/rope.reference.h"
#else
#include "kernels/rope/rope.cuda.h"
#endif

namespace pope {

namespace {

struct RopeArguments {
  RopeShape shape;
  const Scalar* x;
  const int32_t* positions;
  const Scalar *cos, *sin;
  Scalar* out;
};

RopeArguments rope_arguments(const OpCall& call) {
  const RopeShape shape{call.size(0), call.size(1), call.size(2), call.size(3), call.size(4)};
  if (shape.rotary % 2 != 0 || shape.rotary > shape.head) {
    call.fail(Status::shape, "the rotated width must be even and at most the head size " + std::to_string(shape.head) +
                                 ", not " + std::to_string(shape.rotary));
  }
  const int64_t count = checked_product({shape.rows, shape.heads, shape.head});
  const int64_t angles = checked_product({shape.table, shape.rotary / 2});
  return {shape,
          call.input<Scalar>(0, count),
          call.input<int32_t>(1, shape.rows),
          call.input<Scalar>(2, angles),
          call.input<Scalar>(3, angles),
          call.output<Scalar>(0, count)};
}

}  // namespace

Work prepare_rope(const OpCall& call) {
  // A name each: clang before 16 does not capture structured bindings.
  const RopeArguments a = rope_arguments(call);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::rope(a.x, a.positions, a.cos, a.sin, a.out, a.shape); };
#else
  return {[=](ThreadPool& pool) { rope(a.x, a.positions, a.cos, a.sin, a.out, a.shape, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::rope(a.x, a.positions, a.cos, a.sin, a.out, a.shape, stream);
          })};
#endif
}

Work prepare_rope_backward(const OpCall& call) {
  const RopeArguments a = rope_arguments(call);
#ifdef POPE_REFERENCE
  return [=](ThreadPool&) { reference::rope_backward(a.x, a.positions, a.cos, a.sin, a.out, a.shape); };
#else
  return {[=](ThreadPool& pool) { rope_backward(a.x, a.positions, a.cos, a.sin, a.out, a.shape, pool); },
          POPE_ON_CUDA([=](cuda::Stream& stream) {
            cuda::rope_backward(a.x, a.positions, a.cos, a.sin, a.out, a.shape, stream);
          })};
#endif
}

}  // namespace pope
