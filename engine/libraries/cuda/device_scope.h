/// For files that call CUDA libraries: selects the current GPU, and computes the alignment of arrays.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <initializer_list>

namespace cudenza {

/// Makes a GPU current for this thread while it lives.
class DeviceScope {
 public:
  explicit DeviceScope(int device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

/// Common alignment of the addresses in bytes, at most 16 (the widest load). Null pointers do not count.
inline int alignment_of(std::initializer_list<const void*> pointers) {
  uintptr_t all = 16;
  for (const void* p : pointers) all |= reinterpret_cast<uintptr_t>(p);
  return 1 << std::countr_zero(all);
}

}  // namespace cudenza
