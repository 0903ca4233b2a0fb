// cast: out[i] = the number that the 16 bits at position i stand for. Every f16 and bf16 is a float, so nothing is rounded;
// a signalling NaN may become quiet.
//   f16   sign 1, exponent 5 (bias 15), fraction 10: IEEE 754-2019 binary16
//   bf16  sign 1, exponent 8 (bias 127), fraction 7: the upper half of a binary32
//   bits [n] (little-endian)   out [n]
// cast_into: the same to elements [first, first + n) of an array, whose others stay: how a large tensor arrives in parts.
#pragma once

#include <cstdint>

namespace pope {

// dtype: POPE_F16 or POPE_BF16
void cast(const uint16_t* bits, float* out, int64_t n, int32_t dtype);

}  // namespace pope
