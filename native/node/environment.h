// What one JavaScript environment (the main thread or one worker) keeps: each loads the addon for itself.
#pragma once

#include "node/napi_setup.h"

namespace pope::node {

struct Environment {
  Napi::FunctionReference error_factory;  // empty until initialize()
  Napi::FunctionReference buffer_constructor, communicator_constructor, program_constructor, queue_constructor;

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace pope::node
