// How the copies of tiered code are declared and chosen: each instruction set has its own in a namespace of its name.
// A tiered source includes this too, so no standard header may be included here.
#pragma once

// POPE_DECLARE_TIERS(extern const TileKernels tile_kernels;) declares baseline::tile_kernels, avx2::tile_kernels, ...
#define POPE_DECLARE_TIERS(declaration) \
  namespace baseline {                  \
  declaration                           \
  }                                     \
  namespace avx2 {                      \
  declaration                           \
  }                                     \
  namespace avx512 {                    \
  declaration                           \
  }

// Products of bf16 factors have one more.
#define POPE_DECLARE_BF16_TIERS(declaration) \
  POPE_DECLARE_TIERS(declaration)            \
  namespace avx512bf16 {                     \
  declaration                                \
  }

// The copy of active_isa(), or of the best tier below that has one; the caller includes core/cpu.h.
#if defined(__x86_64__)
#define POPE_ACTIVE_TIER(name)                        \
  (active_isa() >= Isa::avx512 ? avx512::name         \
   : active_isa() == Isa::avx2 ? avx2::name           \
                               : baseline::name)
#define POPE_ACTIVE_BF16_TIER(name) (active_isa() == Isa::avx512bf16 ? avx512bf16::name : POPE_ACTIVE_TIER(name))
#else
#define POPE_ACTIVE_TIER(name) (baseline::name)
#define POPE_ACTIVE_BF16_TIER(name) (baseline::name)
#endif
