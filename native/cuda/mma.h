// Tensor cores and asynchronous copies as functions: inline PTX under nvcc (sm_80 and later), emulated by native/simt with
// the same fragment layout, so that a kernel written on them runs on both. Formats and layouts: PTX ISA, sections
// "cp.async", "ldmatrix" and "mma.m16n8k16 with .f16 and .bf16".
//
//   copy_async(shared, global, bytes)   starts a copy of 16 bytes, of which the first `bytes` (0 to 16) are read and the
//                                       rest are zero; both addresses on 16-byte boundaries. The source need only exist
//                                       where it is read. The copy is visible to the thread itself after wait_copies, to
//                                       the others after a __syncthreads that follows.
//   commit_copies()                     closes the thread's group of copies started since the last call
//   wait_copies<pending>()              until at most `pending` of the thread's closed groups are unfinished
//
// A matrix is 8 rows of 8 16-bit elements, each row 16 contiguous bytes of shared memory. All 32 lanes take part:
//   load_matrices(m, row)               `row` of lane 8 i + j is row j of matrix i; lane l receives as m[i] the elements
//                                       [l / 4][2 (l % 4)] and the next of matrix i
//   load_matrices_transposed(m, row)    the same of the transposed matrices
//   multiply_add<T>(d, a, b0, b1)       d[16, 8] += a[16, 16] b[16, 8], T = f16 or bf16, d in float. With g = l / 4 and
//                                       t = l % 4, lane l holds
//                                         d[0], d[1]  rows g, columns 2 t and 2 t + 1     d[2], d[3]  the same, row g + 8
//                                         a[0], a[2]  row g, elements 2 t and the next of k and of k + 8     a[1], a[3]  row g + 8
//                                         b0, b1      column g, elements 2 t and the next of k and of k + 8
#pragma once

#include "cuda/cuda.h"
#ifdef POPE_SIMT
#include "simt/tensor_core.h"
#endif

namespace pope::cuda {

#ifdef POPE_SIMT

inline void copy_async(void* shared, const void* global, int bytes) { ::simt::copy_async(shared, global, bytes); }
inline void commit_copies() { ::simt::commit_copies(); }
template <int kPending>
inline void wait_copies() {
  ::simt::wait_copies(kPending);
}
inline void load_matrices(uint32_t (&m)[4], const void* row) { ::simt::load_matrices(m, row, false); }
inline void load_matrices_transposed(uint32_t (&m)[4], const void* row) { ::simt::load_matrices(m, row, true); }
template <class T>
inline void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  ::simt::multiply_add(d, a, b0, b1, [](uint16_t bits) { return to_float(T{bits}); });
}

#else

__device__ inline uint32_t shared_address(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }

__device__ inline void copy_async(void* shared, const void* global, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(bytes)
               : "memory");
}

__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int kPending>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

__device__ inline void load_matrices(uint32_t (&m)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(shared_address(row))
               : "memory");
}

__device__ inline void load_matrices_transposed(uint32_t (&m)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(shared_address(row))
               : "memory");
}

template <class T>
__device__ void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);

#define POPE_MULTIPLY_ADD(type, name)                                                                                \
  template <>                                                                                                        \
  __device__ inline void multiply_add<type>(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {       \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." name "." name                                              \
                 ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                              \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                    \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                    \
  }
POPE_MULTIPLY_ADD(f16, "f16")
POPE_MULTIPLY_ADD(bf16, "bf16")
#undef POPE_MULTIPLY_ADD

#endif

}  // namespace pope::cuda
