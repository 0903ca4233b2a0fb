#include "core/cpu.h"

#include <cstdlib>
#include <string>

#include "core/error.h"

namespace pope {

namespace {

#if defined(__x86_64__)
constexpr Isa kCompiled[] = {Isa::baseline, Isa::avx2, Isa::avx512, Isa::avx512bf16};

bool runs_here(Isa isa) {
  switch (isa) {
    case Isa::baseline: return true;
    case Isa::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
    case Isa::avx512bf16: return runs_here(Isa::avx512) && __builtin_cpu_supports("avx512bf16");
  }
  return false;
}
#else
constexpr Isa kCompiled[] = {Isa::baseline};

bool runs_here(Isa isa) { return isa == Isa::baseline; }
#endif

Isa choose() {
  Isa best = Isa::baseline;
  for (const Isa isa : kCompiled) {
    if (runs_here(isa)) best = isa;
  }
  const char* wanted = std::getenv("POPE_SIMD");
  if (!wanted || !*wanted) return best;
  for (const Isa isa : kCompiled) {
    if (std::string(wanted) == isa_name(isa) && runs_here(isa)) return isa;
  }
  throw Error(Status::invalid_argument, "POPE_SIMD=" + std::string(wanted) +
                                            " is not an instruction set that this binary has and this machine runs; "
                                            "the best one here is " + isa_name(best));
}

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::baseline: return "baseline";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
    case Isa::avx512bf16: return "avx512bf16";
  }
  return "baseline";
}

std::span<const Isa> compiled_isas() { return kCompiled; }

Isa active_isa() {
  static const Isa isa = choose();
  return isa;
}

}  // namespace pope
