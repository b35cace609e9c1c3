#include "engine/io/hdf5_handle.h"

#include <hdf5.h>

#include "engine/core/cpu_room.h"

namespace cudenza::hdf5 {
static_assert(std::is_same_v<Id, hid_t> && std::is_same_v<int, herr_t>);
namespace {

/// If the library got no memory although this much is free, the file asked for too much.
constexpr size_t kRoomForAFile = size_t{64} << 20;
/// At its first call libhdf5 allocates what it keeps for errors, and does not look whether it got it.
constexpr size_t kRoomToBegin = size_t{1} << 20;

std::mutex& library_mutex() {
  static std::mutex one;
  return one;
}

}  // namespace

Entered::Entered() : lock_(library_mutex()) {
  [[maybe_unused]] static const bool has_room = (require_cpu_room(kRoomToBegin), true);
  // Written files are closed and checked long before the process ends; what is left then is best not touched.
  [[maybe_unused]] static const int no_work_at_exit = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string last_reason() {
  struct Found {
    std::string reason;
    bool lacked_memory = false;
  } found;
  const auto look = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    auto& [reason, lacked_memory] = *static_cast<Found*>(out);
    if (reason.empty() && error->desc) reason = error->desc;
    lacked_memory |= error->maj_num == H5E_RESOURCE;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look, &found);
  if (found.lacked_memory) require_cpu_room(kRoomForAFile);
  return found.reason.empty() ? "the file is corrupt" : found.reason;
}

}  // namespace cudenza::hdf5
