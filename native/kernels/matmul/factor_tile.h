// The kernels for factors of a type T, float or uint16_t for bf16, on the processor that this runs on.
#pragma once

#include <type_traits>

#include "core/cpu.h"
#include "kernels/matmul/tile.tiered.h"

namespace pope {

// One of two by T.
template <class T, class OfFloat, class OfBf16>
const auto& for_factors(const OfFloat& of_float, const OfBf16& of_bf16) {
  if constexpr (std::is_same_v<T, float>) {
    return of_float;
  } else {
    return of_bf16;
  }
}

// The tile that multiplies two factors of T.
template <class T>
const TileKernelsOf<T>& factor_tile() {
  return for_factors<T>(POPE_ACTIVE_TIER(tile_kernels), POPE_ACTIVE_BF16_TIER(bf16_tile_kernels));
}

// The one that packs T as floats, whose products are those of tile_kernels.
template <class T>
const TileKernelsOf<T>& widening_tile() {
  return for_factors<T>(POPE_ACTIVE_TIER(tile_kernels), POPE_ACTIVE_TIER(bf16_tile_kernels));
}

}  // namespace pope
