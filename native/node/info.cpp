#include "node/info.h"

#include "core/blas.h"
#include "core/cpu.h"
#include "core/thread_pool.h"
#include "kernels/op.h"

namespace pope::node {

namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#elif defined(__GNUC__)
constexpr const char* kCompiler = "g++ " __VERSION__;
#else
constexpr const char* kCompiler = "unknown";
#endif

#ifdef NDEBUG
constexpr const char* kBuild = "release";
#else
constexpr const char* kBuild = "debug";
#endif

template <class Items, class Name>
Napi::Array strings(Napi::Env env, const Items& items, Name name) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); ++i) array.Set(i, Napi::String::New(env, name(items[i])));
  return array;
}

Napi::Value describe_blas(Napi::Env env, const std::optional<Blas>& blas) {
  if (!blas) return env.Null();
  Napi::Object description = Napi::Object::New(env);
  description.Set("library", blas->library);
  description.Set("coreType", blas->core_type.empty() ? env.Null() : Napi::String::New(env, blas->core_type));
  return description;
}

}  // namespace

Napi::Array describe_rejections(Napi::Env env, const std::vector<LibraryRejection>& rejected) {
  Napi::Array array = Napi::Array::New(env, rejected.size());
  for (uint32_t i = 0; i < rejected.size(); ++i) {
    Napi::Object rejection = Napi::Object::New(env);
    rejection.Set("library", rejected[i].library);
    rejection.Set("reason", rejected[i].reason);
    array.Set(i, rejection);
  }
  return array;
}

Napi::Object describe_binary(Napi::Env env) {
  Napi::Object info = Napi::Object::New(env);
  info.Set("abiVersion", POPE_ABI_VERSION);
  info.Set("napiVersion", NAPI_VERSION);
  info.Set("compiler", kCompiler);
  info.Set("build", kBuild);
  info.Set("simd", isa_name(active_isa()));
  info.Set("simdCompiled", strings(env, compiled_isas(), isa_name));
  info.Set("threads", ThreadPool::shared().threads());
  const BlasSearch& blas = blas_search();
  info.Set("blas", describe_blas(env, blas.found));
  info.Set("blasRejected", describe_rejections(env, blas.rejected));
  info.Set("ops", strings(env, all_ops(), [](const Op& op) { return op.name; }));
  return info;
}

}  // namespace pope::node
