#include "engine/core/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "engine/core/error.h"

namespace cudenza {

SharedLibrary::SharedLibrary(std::string name, const std::string& remedy)
    : name_(std::move(name)), handle_(dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle_) throw DeviceError(fmt::format("{} cannot be loaded: {}; {}", name_, dlerror(), remedy));
}

void* SharedLibrary::find(const char* name) const {
  void* const found = dlsym(handle_, name);
  if (!found) throw DeviceError(fmt::format("{} has no {}: it is too old; install a later version", name_, name));
  return found;
}

}  // namespace cudenza
