#include "node/errors.h"

#include "node/environment.h"

namespace pope::node {

Napi::Value make_error(Napi::Env env, const char* code, const std::string& message, int64_t index, int64_t sequence) {
  const Napi::FunctionReference& factory = Environment::of(env).error_factory;
  if (factory.IsEmpty()) return Napi::Error::New(env, message + " (the addon is not initialised)").Value();
  return factory.Call({Napi::String::New(env, code), Napi::String::New(env, message),
                       Napi::Number::New(env, static_cast<double>(index)),
                       Napi::Number::New(env, static_cast<double>(sequence))});
}

Napi::Value make_error(Napi::Env env, const Error& error, int64_t sequence) {
  return make_error(env, status_code(error.status), error.what(), error.index, sequence);
}

void throw_error(Napi::Env env, const char* code, const std::string& message) {
  throw Napi::Error(env, make_error(env, code, message));
}

}  // namespace pope::node
