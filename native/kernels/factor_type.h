// The types of factors that products on the CPU are made for.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "pope.h"

namespace pope {

// Calls work(T{}) for the T that stands for a dtype: float, or uint16_t for bf16. Throws unsupported for another.
template <class Work>
void with_factor_type(const char* op, int32_t dtype, const Work& work) {
  if (dtype == POPE_F32) return work(float{});
  if (dtype == POPE_BF16) return work(uint16_t{});
  throw Error(Status::unsupported, std::string(op) + ": on the CPU the factors of a product are f32 or bf16");
}

}  // namespace pope
