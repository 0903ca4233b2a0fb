// A variable of the environment that a library reads once, when it loads or starts.
#pragma once

#include <cstdlib>

namespace pope {

// Sets a variable that is not set, for as long as this lives. Other processes that this one starts later must not inherit it.
class LoadTimeVariable {
 public:
  LoadTimeVariable(const char* name, const char* value) : name_(std::getenv(name) ? nullptr : name) {
    if (name_) setenv(name_, value, 1);
  }
  ~LoadTimeVariable() {
    if (name_) unsetenv(name_);
  }
  LoadTimeVariable(const LoadTimeVariable&) = delete;
  LoadTimeVariable& operator=(const LoadTimeVariable&) = delete;

 private:
  const char* name_;
};

}  // namespace pope
