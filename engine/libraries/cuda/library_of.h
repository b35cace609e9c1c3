/// For files that call CUDA's libraries: one handle a card, with what belongs to it.
#pragma once
#include <map>
#include <memory>
#include <mutex>

namespace cudenza {

/// The Library of a card, made by Library(device) at its first use. The caller has made the card current.
template <class Library> Library& library_of(int device) {
  static std::mutex mutex;
  static auto* const libraries = new std::map<int, std::unique_ptr<Library>>;  // outlives the driver
  std::lock_guard lock(mutex);
  auto& entry = (*libraries)[device];
  if (!entry) entry = std::make_unique<Library>(device);
  return *entry;
}

}  // namespace cudenza
