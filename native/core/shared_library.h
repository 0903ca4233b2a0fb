// A shared library of the system that is loaded at run time, so that the addon depends on nothing but libc.
#pragma once

#include <optional>
#include <string>

namespace pope {

// A library that was looked for and not taken, and why.
struct LibraryRejection {
  std::string library, reason;
};

class SharedLibrary {
 public:
  // Who finds the library's symbols: we alone, or every library that is loaded later as well.
  enum class Symbols { for_us, for_all };

  // `name` is a file name, searched as the system's loader does, or a path. On failure nothing is returned and `reason`
  // says why.
  static std::optional<SharedLibrary> open(const std::string& name, std::string& reason,
                                           Symbols symbols = Symbols::for_us);

  // The function `name` of type F in the library or in those it depends on, or nullptr.
  template <class F>
  F* function(const char* name) const {
    return reinterpret_cast<F*>(symbol(name));
  }

  // The file that holds `address`, or "" when the system cannot tell.
  static std::string file_of(void* address);

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}

  void* symbol(const char* name) const;

  // Never closed: a BLAS starts threads and keeps thread-local memory, which closing would pull away.
  void* handle_;
};

// Looks functions up one after the other, and remembers the first that the library lacks.
class FunctionBinder {
 public:
  explicit FunctionBinder(const SharedLibrary& library) : library_(library) {}

  template <class F>
  void take(F*& function, const char* name) {
    function = library_.function<F>(name);
    if (!function && reason_.empty()) reason_ = std::string("has no function ") + name;
  }

  // "", or why the library cannot be used.
  const std::string& reason() const { return reason_; }

 private:
  const SharedLibrary& library_;
  std::string reason_;
};

}  // namespace pope
