#include "weights/state_dict.h"

#include <algorithm>
#include <array>
#include <set>

namespace cudenza {
namespace {

// None of our networks has parts with these names.
constexpr std::array<std::string_view, 4> kWrappers{"module.", "_orig_mod.", "_fsdp_wrapped_module.",
                                                    "_checkpoint_wrapped_module."};

/// The name without wrappers; adds those removed to `found`.
std::string unwrapped(std::string_view name, std::set<std::string>& found) {
  std::string left;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, std::min(name.find('.'), name.size() - 1) + 1);  // with its dot
    name.remove_prefix(part.size());
    if (!name.empty() && std::ranges::find(kWrappers, part) != kWrappers.end()) found.emplace(part);
    else left += part;
  }
  return left;
}

}  // namespace

void take_off_wrappers(StateDict& dict) {
  std::set<std::string> found, distinct;
  std::vector<std::string> names;
  for (const TensorRecord& record : dict.tensors) {
    names.push_back(unwrapped(record.name, found));
    distinct.insert(names.back());
  }
  if (found.empty() || distinct.size() < names.size()) return;
  for (size_t i = 0; i < names.size(); ++i) dict.tensors[i].name = std::move(names[i]);
  dict.wrappers.assign(found.begin(), found.end());
}

}  // namespace cudenza
