#include "node/info.h"

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

}  // namespace

Napi::Object describe_binary(Napi::Env env) {
  Napi::Object info = Napi::Object::New(env);
  info.Set("abiVersion", POPE_ABI_VERSION);
  info.Set("napiVersion", NAPI_VERSION);
  info.Set("compiler", kCompiler);
  info.Set("build", kBuild);
  info.Set("simd", isa_name(active_isa()));
  info.Set("simdCompiled", strings(env, compiled_isas(), isa_name));
  info.Set("threads", ThreadPool::shared().threads());
  info.Set("blas", env.Null());
  info.Set("blasRejected", Napi::Array::New(env));
  info.Set("ops", strings(env, all_ops(), [](const Op& op) { return op.name; }));
  return info;
}

}  // namespace pope::node
