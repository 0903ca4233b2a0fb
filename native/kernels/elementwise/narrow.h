// narrow: the f16 or bf16 nearest to each float, ties to even (IEEE 754-2019 4.3.1); the inverse of cast. Beyond the
// largest finite value: infinity. NaN stays NaN.
//   values [n]   bits [n]
// narrow_into: the same to elements [first, first + n) of an array, whose others stay.
#pragma once

#include <cstdint>

namespace pope {

// dtype: POPE_F16 or POPE_BF16
void narrow(const float* values, uint16_t* bits, int64_t n, int32_t dtype);

}  // namespace pope
