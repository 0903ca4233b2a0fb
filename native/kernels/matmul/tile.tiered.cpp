#include "kernels/matmul/tile_template.h"

namespace pope::POPE_ISA {

extern const TileKernels tile_kernels;
const TileKernels tile_kernels = Tile<Floats>::kernels;

extern const Bf16TileKernels bf16_tile_kernels;
const Bf16TileKernels bf16_tile_kernels = Tile<WidenedBf16>::kernels;

}  // namespace pope::POPE_ISA
