#include "kernels/matmul/tile.h"

#include "core/cpu.h"

namespace pope {

const TileKernels& active_tile_kernels() {
  switch (active_isa()) {
#if defined(__x86_64__)
    case Isa::avx512: return avx512::tile_kernels;
    case Isa::avx2: return avx2::tile_kernels;
#endif
    default: return baseline::tile_kernels;
  }
}

}  // namespace pope
