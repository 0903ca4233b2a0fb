// The tile that multiplies factors of a type, for the processor that this runs on.
#pragma once

#include <type_traits>

#include "core/cpu.h"
#include "kernels/matmul/tile.tiered.h"

namespace pope {

// T: float, or uint16_t for bf16
template <class T>
const TileKernelsOf<T>& factor_tile() {
  if constexpr (std::is_same_v<T, float>) {
    return POPE_ACTIVE_TIER(tile_kernels);
  } else {
    return POPE_ACTIVE_BF16_TIER(bf16_tile_kernels);
  }
}

}  // namespace pope
