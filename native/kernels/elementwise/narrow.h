// narrow: the f16 or bf16 nearest to each float, ties to even (IEEE 754-2019 4.3.1); the inverse of cast. Beyond the
// largest finite value: infinity. NaN stays NaN.
//   values [n]   bits [n]
#pragma once

#include <cstdint>

namespace pope {

void narrow_f16(const float* values, uint16_t* bits, int64_t n);
void narrow_bf16(const float* values, uint16_t* bits, int64_t n);

}  // namespace pope
