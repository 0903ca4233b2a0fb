// The instruction sets that this binary has code for. Files under "tiered" in native/sources.json are compiled once per
// tier, in a namespace of the tier's name, those under "tieredBf16" for avx512bf16 alone; `active_isa` says which copy to call.
#pragma once

#include <span>

namespace pope {

// From plainest to best.
enum class Isa { baseline, avx2, avx512, avx512bf16 };

const char* isa_name(Isa isa);

std::span<const Isa> compiled_isas();

// The best compiled tier that this processor runs, or a lower one that the environment variable POPE_SIMD names (for tests).
// Throws invalid_argument when POPE_SIMD names a tier that is unknown or cannot run here.
Isa active_isa();

}  // namespace pope
