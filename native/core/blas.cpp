#include "core/blas.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/cpu.h"
#include "core/error.h"
#include "core/load_time_variable.h"
#include "core/shared_library.h"

namespace pope {

namespace {

#if defined(__APPLE__)
constexpr const char* kCandidates[] = {"/System/Library/Frameworks/Accelerate.framework/Accelerate"};
#else
constexpr const char* kCandidates[] = {"libopenblas.so.0", "libopenblas.so", "libblis.so.4",
                                       "libmkl_rt.so.2",   "libmkl_rt.so",   "libcblas.so.3"};
#endif

// What a library says when it is asked how to run on one thread: a reason to reject it, or nothing; and its core type.
struct Verdict {
  std::optional<std::string> rejection;
  std::string core_type;
};

Verdict prepare_openblas(const SharedLibrary& library, bool demanded) {
  const auto config = library.function<const char*()>("openblas_get_config");
  if (config && std::string_view(config()).find("USE64BITINT") != std::string_view::npos) {
    return {"takes 64-bit sizes", ""};
  }
  library.function<void(int)>("openblas_set_num_threads")(1);
  // Measured on a Zen 5 with version 0.3.21: as fast as our own AVX-512 kernels at 1024^3, 12 % slower with the 50 rows of a
  // step of generation, half as fast with the kernels that OpenBLAS takes for a processor which it does not know.
  if (!demanded && active_isa() >= Isa::avx512) {
    return {"is no faster than our own kernels for AVX-512 (POPE_BLAS with its name demands it)", ""};
  }
  const auto core_name = library.function<const char*()>("openblas_get_corename");
  return {std::nullopt, core_name ? core_name() : ""};
}

Verdict prepare_blis(const SharedLibrary& library) {
  library.function<void(int64_t)>("bli_thread_set_num_threads")(1);
  const auto query = library.function<int()>("bli_arch_query_id");
  const auto name = library.function<const char*(int)>("bli_arch_string");
  const std::string core_type = query && name ? name(query()) : "";
  if (core_type == "generic") return {"has no kernels for this processor, only generic ones", ""};
  return {std::nullopt, core_type};
}

Verdict prepare_mkl(const SharedLibrary& library) {
  constexpr int kLp64 = 0, kSequential = 1;
  if (const auto set_interface = library.function<int(int)>("MKL_Set_Interface_Layer")) set_interface(kLp64);
  if (const auto set_threading = library.function<int(int)>("MKL_Set_Threading_Layer")) set_threading(kSequential);
  library.function<void(int)>("MKL_Set_Num_Threads")(1);
  return {};
}

Verdict prepare_accelerate(const SharedLibrary& library) {
  constexpr unsigned kSingleThreaded = 1;
  library.function<int(unsigned)>("BLASSetThreading")(kSingleThreaded);
  return {};
}

// A library is known by a function that only it has. The reference BLAS and unknown ones are much slower than our own
// kernel or start threads that we could not stop, so they are not taken.
Verdict prepare(const SharedLibrary& library, bool demanded) {
  const auto has = [&](const char* name) { return library.function<void()>(name) != nullptr; };
  if (has("openblas_set_num_threads")) return prepare_openblas(library, demanded);
  if (has("bli_thread_set_num_threads")) return prepare_blis(library);
  if (has("MKL_Set_Num_Threads")) return prepare_mkl(library);
  if (has("BLASSetThreading")) return prepare_accelerate(library);
  return {"is neither OpenBLAS, BLIS, MKL nor an Accelerate that can be kept to one thread", ""};
}

void try_library(const std::string& name, BlasSearch& search) {
  std::string reason;
  const std::optional<SharedLibrary> library = SharedLibrary::open(name, reason);
  if (!library) {
    search.rejected.push_back({name, reason});
    return;
  }
  Sgemm* sgemm = library->function<Sgemm>("cblas_sgemm");
  if (!sgemm) {
    search.rejected.push_back({name, "has no function cblas_sgemm"});
    return;
  }
  const Verdict verdict = prepare(*library, search.demanded);
  if (verdict.rejection) {
    search.rejected.push_back({name, *verdict.rejection});
    return;
  }
  const std::string file = SharedLibrary::file_of(reinterpret_cast<void*>(sgemm));
  search.found = Blas{file.empty() ? name : file, verdict.core_type, sgemm};
}

BlasSearch search_blas() {
  const char* variable = std::getenv("POPE_BLAS");
  const std::string wanted = variable && *variable ? variable : "auto";
  BlasSearch search{wanted != "auto" && wanted != "off", std::nullopt, {}};
  if (wanted == "off") {
    search.rejected.push_back({"any", "POPE_BLAS=off"});
    return search;
  }
  // Older OpenBLAS does not know newer AMD processors and would take AVX2 kernels; without the second variable it
  // starts a thread per core when it loads.
  std::optional<LoadTimeVariable> core_type;
  if (active_isa() >= Isa::avx512) core_type.emplace("OPENBLAS_CORETYPE", "SkylakeX");
  const LoadTimeVariable threads("OPENBLAS_NUM_THREADS", "1");
  if (search.demanded) {
    try_library(wanted, search);
    return search;
  }
  for (const char* name : kCandidates) {
    try_library(name, search);
    if (search.found) break;
  }
  return search;
}

}  // namespace

const BlasSearch& blas_search() {
  static const BlasSearch search = search_blas();
  return search;
}

const Blas* active_blas() {
  const BlasSearch& search = blas_search();
  if (search.found) return &*search.found;
  if (search.demanded) {
    const auto& [library, reason] = search.rejected.front();
    throw Error(Status::unsupported, "POPE_BLAS=" + library + " cannot be used: " + reason);
  }
  return nullptr;
}

}  // namespace pope
