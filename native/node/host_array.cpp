#include "node/host_array.h"

#include "core/large_pages.h"

namespace pope::node {

namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(Status::invalid_argument, name + " " + what);
}

// An array of length 0 may have no memory, but it is given; null would say that it is not.
char empty_memory;

size_t element_bytes(napi_typedarray_type type) {
  switch (type) {
    case napi_uint8_array: return 1;
    case napi_uint16_array: return 2;
    case napi_int32_array:
    case napi_float32_array: return 4;
    case napi_float64_array:
    case napi_bigint64_array: return 8;
    default: return 0;
  }
}

}  // namespace

Array host_array(const Napi::Value& value, const std::string& name) {
  if (!value.IsTypedArray()) refuse(name, "must be a typed array");
  const Napi::Env env = value.Env();
  napi_typedarray_type type;
  size_t length;
  void* data;
  napi_value buffer;
  NAPI_THROW_IF_FAILED(env, napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, nullptr), {});
  const size_t element = element_bytes(type);
  if (element == 0) {
    refuse(name, "must be a Float32Array, Float64Array, Int32Array, BigInt64Array, Uint16Array or Uint8Array");
  }
  // A SharedArrayBuffer is not an ArrayBuffer for Node-API.
  if (!Napi::Value(env, buffer).IsArrayBuffer()) refuse(name, "must not be on a SharedArrayBuffer; copy it");
  const Napi::ArrayBuffer array_buffer(env, buffer);
  if (array_buffer.IsDetached()) refuse(name, "is on a detached ArrayBuffer: its memory was transferred away");
  if (array_buffer.Get("resizable").ToBoolean()) refuse(name, "must not be on a resizable ArrayBuffer; copy it");
  return {length == 0 ? &empty_memory : data, length * element};
}

std::vector<Array> host_arrays(const Napi::Value& list, const char* role) {
  const bool written = std::string_view(role) == "output";
  if (!list.IsArray()) refuse(std::string(role) + "s", "must be an array");
  const auto values = list.As<Napi::Array>();
  std::vector<Array> arrays(values.Length());
  for (uint32_t i = 0; i < arrays.size(); ++i) {
    const Napi::Value value = values.Get(i);
    if (value.IsNull()) continue;
    arrays[i] = host_array(value, std::string(role) + " " + std::to_string(i));
    if (written) prefer_large_pages(arrays[i].data, arrays[i].bytes);  // most are new, and nobody has touched them yet
  }
  return arrays;
}

}  // namespace pope::node
