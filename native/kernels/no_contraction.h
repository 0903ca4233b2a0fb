// First in a source whose products and sums have to be rounded apart: fused into one rounding they would be other bits than those
// of the same formula elsewhere.
#pragma once

#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
