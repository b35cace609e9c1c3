/// For files that call CUDA libraries: one handle per GPU, with what belongs to it.
#pragma once
#include <map>
#include <memory>
#include <mutex>

namespace cudenza {

/// The Library of a GPU, made by Library(device) at its first use. The caller has made the GPU current.
template <class Library> Library& library_of(int device) {
  static std::mutex mutex;
  static auto* const libraries = new std::map<int, std::unique_ptr<Library>>;  // never destroyed: the driver may be gone at exit
  std::lock_guard lock(mutex);
  auto& entry = (*libraries)[device];
  if (!entry) entry = std::make_unique<Library>(device);
  return *entry;
}

}  // namespace cudenza
