#include "kernels/elementwise/cast.h"

#include <bit>

namespace pope {

namespace {

constexpr int64_t kGrain = 32768;

// Without branches, so that the loop vectorises. The exponent and fraction move into place of a binary32, which is then
// 2^-112 times the value for every finite input, subnormals included; the product is exact. Infinity and NaN
// (exponent 31) get the largest exponent afterwards.
float f16_to_float(uint16_t bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fffu) << 13;
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  const uint32_t special = magnitude >= 0x0f800000u ? 0x7f800000u : 0u;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(scaled) | special | static_cast<uint32_t>(bits & 0x8000u) << 16);
}

}  // namespace

void cast_f16(const uint16_t* bits, float* out, int64_t n, ThreadPool& pool) {
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = f16_to_float(bits[i]);
  });
}

void cast_bf16(const uint16_t* bits, float* out, int64_t n, ThreadPool& pool) {
  pool.parallel_for(n, kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = std::bit_cast<float>(static_cast<uint32_t>(bits[i]) << 16);
  });
}

}  // namespace pope
