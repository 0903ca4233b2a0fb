// libFuzzer for JavaScript: an addon whose only export runs libFuzzer's loop on a function.
//
//   fuzz(argv: string[], target: (bytes: Buffer) => void, counters: Uint8Array)
//
// What the target reaches, it counts in `counters` (instrument.mjs); libFuzzer reads and clears them after every execution. A
// target that throws ends the process, as libFuzzer keeps the input of a process that aborts.
#include <node_api.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" {
int LLVMFuzzerRunDriver(int* argc, char*** argv, int (*target)(const uint8_t* data, size_t size));
void __sanitizer_cov_8bit_counters_init(uint8_t* begin, uint8_t* end);
}

namespace {

napi_env environment;
napi_value target;

void require(napi_status status) {
  if (status != napi_ok) std::abort();
}

int execute(const uint8_t* data, size_t size) {
  napi_handle_scope scope;
  napi_value self, bytes, result;
  require(napi_open_handle_scope(environment, &scope));
  require(napi_get_undefined(environment, &self));
  require(napi_create_buffer_copy(environment, size, data, nullptr, &bytes));
  require(napi_call_function(environment, self, target, 1, &bytes, &result));
  require(napi_close_handle_scope(environment, scope));
  return 0;
}

std::vector<std::string> strings(napi_value array) {
  uint32_t count;
  require(napi_get_array_length(environment, array, &count));
  std::vector<std::string> texts(count);
  for (uint32_t i = 0; i < count; ++i) {
    napi_value value;
    size_t length;
    require(napi_get_element(environment, array, i, &value));
    require(napi_get_value_string_utf8(environment, value, nullptr, 0, &length));
    texts[i].resize(length);
    require(napi_get_value_string_utf8(environment, value, texts[i].data(), length + 1, &length));
  }
  return texts;
}

napi_value fuzz(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t given = 3;
  environment = env;
  require(napi_get_cb_info(env, info, &given, arguments, nullptr, nullptr));
  std::vector<std::string> texts = strings(arguments[0]);
  target = arguments[1];
  void* counters;
  size_t length;
  require(napi_get_typedarray_info(env, arguments[2], nullptr, &length, &counters, nullptr, nullptr));
  __sanitizer_cov_8bit_counters_init(static_cast<uint8_t*>(counters), static_cast<uint8_t*>(counters) + length);
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  char** first = argv.data();
  LLVMFuzzerRunDriver(&argc, &first, execute);
  return nullptr;
}

}  // namespace

extern "C" NAPI_MODULE_EXPORT napi_value NAPI_MODULE_INITIALIZER(napi_env env, napi_value) {
  napi_value function;
  require(napi_create_function(env, "fuzz", NAPI_AUTO_LENGTH, fuzz, nullptr, &function));
  return function;
}
