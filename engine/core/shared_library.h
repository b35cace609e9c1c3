/// A shared library that is loaded when it is first needed, not when the program starts: some take long, and much memory, and a
/// machine may be without them.
#pragma once
#include <string>

namespace cudenza {

/// It stays loaded until the program ends: what it made may live as long.
class SharedLibrary {
 public:
  /// `name` as the linker knows it ("libnccl.so.2"). Throws DeviceError with the reason and `remedy` if it cannot be loaded.
  SharedLibrary(std::string name, const std::string& remedy);

  /// The function `name`, of the type Function. Throws DeviceError if the library is too old to have it.
  template <class Function> Function* function(const char* name) const { return reinterpret_cast<Function*>(find(name)); }

 private:
  void* find(const char* name) const;

  std::string name_;
  void* handle_;
};

}  // namespace cudenza
