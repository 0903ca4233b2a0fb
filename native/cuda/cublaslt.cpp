#include "cuda/cublaslt.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "core/shared_library.h"

namespace pope::cuda {

// Prototypes and numbers of the library's documented interface, which is the same in versions 12 and 13.
struct CublasLtFunctions {
  using Status = int;
  using Handle = void*;
  using Descriptor = void*;
  struct Algorithm {
    uint64_t data[8];
  };
  struct Heuristic {
    Algorithm algorithm;
    size_t workspace_bytes;
    Status status;
    float waves;
    int reserved[4];
  };

  Status (*create)(Handle*);
  Status (*operation_create)(Descriptor*, int compute_type, int scale_type);
  Status (*operation_set)(Descriptor, int attribute, const void*, size_t);
  Status (*operation_destroy)(Descriptor);
  Status (*layout_create)(Descriptor*, int type, uint64_t rows, uint64_t columns, int64_t pitch);
  Status (*layout_destroy)(Descriptor);
  Status (*preference_create)(Descriptor*);
  Status (*preference_set)(Descriptor, int attribute, const void*, size_t);
  Status (*preference_destroy)(Descriptor);
  Status (*heuristic)(Handle, Descriptor operation, Descriptor a, Descriptor b, Descriptor c, Descriptor d,
                      Descriptor preference, int wanted, Heuristic* found, int* count);
  Status (*multiply)(Handle, Descriptor operation, const void* alpha, const void* a, Descriptor a_layout, const void* b,
                     Descriptor b_layout, const void* beta, const void* c, Descriptor c_layout, void* d,
                     Descriptor d_layout, const Algorithm*, void* workspace, size_t workspace_bytes, StreamHandle);
};

namespace {

constexpr int kCompute32f = 68;                          // cublasComputeType_t
constexpr int kReal32f = 0, kReal16f = 2, kReal16bf = 14;  // cudaDataType_t
constexpr int kTransposeA = 3, kTransposeB = 4;          // cublasLtMatmulDescAttributes_t
constexpr int kTransposed = 1;                           // cublasOperation_t
constexpr int kMostWorkspace = 1;                        // cublasLtMatmulPreferenceAttributes_t
constexpr int kAlignmentA = 5, kAlignmentB = 6, kAlignmentC = 7, kAlignmentD = 8;

constexpr size_t kWorkspaceBytes = size_t{32} << 20;  // what NVIDIA recommends for Hopper
constexpr uint32_t kBestAlignment = 256;

using Functions = CublasLtFunctions;

// The functions of a library, or nothing, and then `reason` is the name of the first that it lacks.
std::optional<Functions> bind(const SharedLibrary& library, std::string& reason) {
  Functions functions{};
  FunctionBinder binder(library);
  binder.take(functions.create, "cublasLtCreate");
  binder.take(functions.operation_create, "cublasLtMatmulDescCreate");
  binder.take(functions.operation_set, "cublasLtMatmulDescSetAttribute");
  binder.take(functions.operation_destroy, "cublasLtMatmulDescDestroy");
  binder.take(functions.layout_create, "cublasLtMatrixLayoutCreate");
  binder.take(functions.layout_destroy, "cublasLtMatrixLayoutDestroy");
  binder.take(functions.preference_create, "cublasLtMatmulPreferenceCreate");
  binder.take(functions.preference_set, "cublasLtMatmulPreferenceSetAttribute");
  binder.take(functions.preference_destroy, "cublasLtMatmulPreferenceDestroy");
  binder.take(functions.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  binder.take(functions.multiply, "cublasLtMatmul");
  reason = binder.reason();
  return reason.empty() ? std::optional(functions) : std::nullopt;
}

[[maybe_unused]] void try_library(const std::string& name, CublasLtSearch& search) {
  static Functions functions;  // of the library that is taken
  std::string reason;
  const std::optional<SharedLibrary> library = SharedLibrary::open(name, reason);
  const std::optional<Functions> bound = library ? bind(*library, reason) : std::nullopt;
  if (!bound) {
    search.rejected.push_back({name, reason});
    return;
  }
  functions = *bound;
  search.functions = &functions;
  const std::string file = SharedLibrary::file_of(reinterpret_cast<void*>(functions.create));
  search.library = file.empty() ? name : file;
}

CublasLtSearch search() {
  const char* variable = std::getenv("POPE_CUBLASLT");
  const std::string wanted = variable && *variable ? variable : "auto";
  CublasLtSearch search{.demanded = wanted != "auto" && wanted != "off", .library = "", .rejected = {}};
#ifdef POPE_SIMT
  search.rejected.push_back({"any", "it cannot work on the host's memory"});
#else
  if (wanted == "off") {
    search.rejected.push_back({"any", "POPE_CUBLASLT=off"});
  } else if (search.demanded) {
    try_library(wanted, search);
  } else {
    for (const char* name : {"libcublasLt.so.13", "libcublasLt.so.12"}) {
      if (!search.functions) try_library(name, search);
    }
  }
#endif
  return search;
}

void require(Functions::Status status, const char* what) {
  if (status != 0) {
    throw Error(Status::internal, std::string("cuBLASLt: ") + what + " failed with status " + std::to_string(status));
  }
}

// A descriptor of the library that is destroyed with this object.
class Descriptor {
 public:
  template <class Create>
  Descriptor(Functions::Status (*destroy)(Functions::Descriptor), const char* what, Create&& create)
      : destroy_(destroy) {
    require(create(&value_), what);
  }
  ~Descriptor() { destroy_(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  operator Functions::Descriptor() const { return value_; }

 private:
  Functions::Status (*destroy_)(Functions::Descriptor);
  Functions::Descriptor value_ = nullptr;
};

int data_type(int32_t dtype) { return dtype == POPE_F32 ? kReal32f : dtype == POPE_F16 ? kReal16f : kReal16bf; }

uint32_t alignment(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data) | kBestAlignment;
  return uint32_t{1} << std::countr_zero(address);
}

// All that the library's choice of an algorithm depends on.
using Problem = std::tuple<bool, bool, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int32_t, int32_t, uint32_t,
                           uint32_t, uint32_t, bool>;

Problem problem_of(const CublasLtProduct& p) {
  return {p.a_transposed, p.b_transposed, p.m,          p.n,          p.k,          p.a_pitch,    p.b_pitch,
          p.c_pitch,      p.dtype,        p.c_dtype, alignment(p.a), alignment(p.b), alignment(p.c), p.beta != 0};
}

Functions::Handle shared_handle(const Functions& lt) {
  static const Functions::Handle handle = [&] {
    Functions::Handle created = nullptr;
    require(lt.create(&created), "cublasLtCreate");
    return created;
  }();
  return handle;
}

}  // namespace

const CublasLtSearch& cublaslt_search() {
  static const CublasLtSearch found = search();
  return found;
}

bool have_cublaslt() {
  const CublasLtSearch& search = cublaslt_search();
  if (search.demanded && !search.functions) {
    throw Error(Status::unsupported, "POPE_CUBLASLT: " + search.rejected.front().library + ": " +
                                         search.rejected.front().reason);
  }
  return search.functions != nullptr;
}

// The library counts columns first. A row-major matrix is the transpose of a column-major one, and C^T = op(B)^T op(A)^T:
// B is its first factor and A its second, each transposed when it is here.
bool multiply_cublaslt(const CublasLtProduct& p, Stream& stream) {
  const Functions& lt = *cublaslt_search().functions;
  const Functions::Handle handle = shared_handle(lt);
  const auto layout = [&](int32_t dtype, int64_t rows, int64_t columns, int64_t pitch) {
    return Descriptor(lt.layout_destroy, "cublasLtMatrixLayoutCreate", [&](Functions::Descriptor* created) {
      return lt.layout_create(created, data_type(dtype), static_cast<uint64_t>(columns), static_cast<uint64_t>(rows),
                              pitch);
    });
  };
  const Descriptor a = p.a_transposed ? layout(p.dtype, p.k, p.m, p.a_pitch) : layout(p.dtype, p.m, p.k, p.a_pitch);
  const Descriptor b = p.b_transposed ? layout(p.dtype, p.n, p.k, p.b_pitch) : layout(p.dtype, p.k, p.n, p.b_pitch);
  const Descriptor c = layout(p.c_dtype, p.m, p.n, p.c_pitch);
  const Descriptor operation(lt.operation_destroy, "cublasLtMatmulDescCreate", [&](Functions::Descriptor* created) {
    return lt.operation_create(created, kCompute32f, kReal32f);
  });
  const auto transpose = [&](int attribute) {
    require(lt.operation_set(operation, attribute, &kTransposed, sizeof kTransposed), "cublasLtMatmulDescSetAttribute");
  };
  if (p.b_transposed) transpose(kTransposeA);
  if (p.a_transposed) transpose(kTransposeB);

  static std::mutex mutex;
  static std::map<Problem, std::optional<Functions::Heuristic>> choices;
  const Problem problem = problem_of(p);
  std::unique_lock lock(mutex);
  auto choice = choices.find(problem);
  if (choice == choices.end()) {
    const Descriptor preference(lt.preference_destroy, "cublasLtMatmulPreferenceCreate", lt.preference_create);
    const auto prefer = [&](int attribute, auto value) {
      require(lt.preference_set(preference, attribute, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(kMostWorkspace, kWorkspaceBytes);
    prefer(kAlignmentA, alignment(p.b));
    prefer(kAlignmentB, alignment(p.a));
    prefer(kAlignmentC, alignment(p.c));
    prefer(kAlignmentD, alignment(p.c));
    Functions::Heuristic found{};
    int count = 0;
    const Functions::Status status = lt.heuristic(handle, operation, b, a, c, c, preference, 1, &found, &count);
    const bool usable = status == 0 && count > 0 && found.status == 0;
    choice = choices.emplace(problem, usable ? std::optional(found) : std::nullopt).first;
  }
  const std::optional<Functions::Heuristic> algorithm = choice->second;
  lock.unlock();
  if (!algorithm) return false;

  const auto workspace = stream.scratch<std::byte>(static_cast<int64_t>(algorithm->workspace_bytes));
  require(lt.multiply(handle, operation, &p.alpha, p.b, b, p.a, a, &p.beta, p.c, c, p.c, c, &algorithm->algorithm,
                      workspace.data(), algorithm->workspace_bytes, stream.handle()),
          "cublasLtMatmul");
  return true;
}

}  // namespace pope::cuda
