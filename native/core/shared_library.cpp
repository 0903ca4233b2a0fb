#include "core/shared_library.h"

#include <dlfcn.h>

namespace pope {

std::optional<SharedLibrary> SharedLibrary::open(const std::string& name, std::string& reason, Symbols symbols) {
  void* handle = dlopen(name.c_str(), RTLD_NOW | (symbols == Symbols::for_all ? RTLD_GLOBAL : RTLD_LOCAL));
  if (!handle) {
    const char* message = dlerror();
    reason = message ? message : "could not be loaded";
    return std::nullopt;
  }
  return SharedLibrary(handle);
}

std::string SharedLibrary::file_of(void* address) {
  Dl_info info;
  return dladdr(address, &info) && info.dli_fname ? info.dli_fname : "";
}

void* SharedLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

}  // namespace pope
