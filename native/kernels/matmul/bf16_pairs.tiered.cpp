// The products of bf16 factors where the instruction set multiplies two pairs at a time: the only tiered source of the tier
// avx512bf16.
#include "kernels/matmul/few_rows_template.h"
#include "kernels/matmul/tile_template.h"

namespace pope::POPE_ISA {

extern const Bf16TileKernels bf16_tile_kernels;
const Bf16TileKernels bf16_tile_kernels = Tile<Bf16Pairs>::kernels;

extern const FewRowsKernels<uint16_t> bf16_few_rows_kernels;
const FewRowsKernels<uint16_t> bf16_few_rows_kernels = FewRows<Bf16Pairs>::kernels;

}  // namespace pope::POPE_ISA
