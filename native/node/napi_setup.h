// The only place that includes node-addon-api, so that every file sees the same options.
#pragma once

#define NAPI_VERSION 9
#define NODE_ADDON_API_CPP_EXCEPTIONS
#define NODE_ADDON_API_DISABLE_DEPRECATED
#define NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS
// A worker that is being terminated refuses every call; the exception for that must not abort the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS

#include <napi.h>
