#include "engine/io/hdf5_handle.h"

#include <hdf5.h>

namespace cudenza::hdf5 {
static_assert(std::is_same_v<Id, hid_t> && std::is_same_v<int, herr_t>);
namespace {

std::mutex& library_mutex() {
  static std::mutex one;
  return one;
}

}  // namespace

Entered::Entered() : lock_(library_mutex()) {
  // What is written is closed and asked long before the process ends; what is left then is better not touched.
  [[maybe_unused]] static const int no_work_at_exit = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string last_reason() {
  std::string reason;
  const auto take_first = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    auto& text = *static_cast<std::string*>(out);
    if (text.empty() && error->desc) text = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason);
  return reason.empty() ? "the file is corrupt" : reason;
}

}  // namespace cudenza::hdf5
