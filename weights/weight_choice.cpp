#include "weights/weight_choice.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "models/registry.h"
#include "weights/layer_match.h"

namespace cudenza {
namespace {

constexpr size_t kMostPrefixes = 16;  // tried per state dict: a file may have as many as tensors

constexpr size_t kFewestTensors = 10;  // of a network: AlexNet's convolutions

struct KnownNetwork {
  explicit KnownNetwork(std::string_view name) : arch(name), expected(expected_tensors(arch)) {
    for (const ExpectedTensor& e : expected) names.insert(e.name);
  }

  std::string arch;
  std::vector<ExpectedTensor> expected;
  std::set<std::string> names;
};

std::vector<KnownNetwork> known_networks(const std::string& arch) {
  if (!arch.empty()) return {KnownNetwork(arch)};
  return {network_names().begin(), network_names().end()};
}

/// The user's name for a part of a file: "state_dict", "student", "state_dict.student".
std::string label(const WeightChoice& choice) {
  const std::string prefix = choice.prefix.substr(0, choice.prefix.empty() ? 0 : choice.prefix.size() - 1);
  return choice.key + (choice.key.empty() || prefix.empty() ? "" : ".") + prefix;
}

/// Whether a part's name says that it holds averaged weights.
bool is_average(std::string_view name) {
  constexpr std::array<std::string_view, 8> kWords{"ema", "swa", "avg", "average", "averaged", "teacher", "momentum", "shadow"};
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find_first_of("_.- ", begin), name.size());
    if (std::ranges::find(kWords, name.substr(begin, end - begin)) != kWords.end()) return true;
    begin = end + 1;
  }
  return false;
}

/// Possible prefixes of the network's names in these tensors: "", and any before its first tensor's name.
std::vector<std::string> prefixes_in(const std::vector<TensorRecord>& tensors, const KnownNetwork& network) {
  const std::string ending = '.' + network.expected.front().name;
  std::set<std::string> found;
  for (const TensorRecord& t : tensors) {
    if (t.name.ends_with(ending)) found.insert(t.name.substr(0, t.name.size() - ending.size() + 1));
  }
  std::vector<std::string> prefixes(found.begin(), found.end());
  if (prefixes.size() > kMostPrefixes) {  // the network is the largest part, with the shortest prefix
    std::ranges::stable_sort(prefixes, {}, &std::string::size);
    prefixes.resize(kMostPrefixes);
  }
  prefixes.insert(prefixes.begin(), "");
  return prefixes;
}

/// The dict's tensors under the network's names: those with the prefix, without it; of the others, only tensors at the network's
/// top level (a new classifier beside a body).
WeightChoice under_prefix(const StateDict& dict, const std::string& prefix, const KnownNetwork& network) {
  WeightChoice choice{.key = dict.key, .prefix = prefix, .wrappers = dict.wrappers};
  std::set<std::string> taken;
  for (const TensorRecord& t : dict.tensors) {
    if (!t.name.starts_with(prefix) || t.name.size() == prefix.size()) continue;
    choice.tensors.push_back(t);
    choice.tensors.back().name.erase(0, prefix.size());
    taken.insert(choice.tensors.back().name);
  }
  if (!prefix.empty()) {
    for (const TensorRecord& t : dict.tensors) {
      if (t.name.starts_with(prefix) || is_counter(t.name)) continue;
      if (network.names.contains(t.name) && !taken.contains(t.name)) choice.tensors.push_back(t);
      else choice.left_out.add(t.name);
    }
  }
  choice.match = match_arch(choice.tensors, network.arch, network.expected);
  return choice;
}

/// The dict's layers under the network's names.
WeightChoice by_layers(const StateDict& dict, const KnownNetwork& network) {
  NamedLayers named = name_layers(dict.layers, network.arch, network.expected);
  WeightChoice choice{.key = dict.key, .by_layers = true, .may_be_folded = named.may_be_folded, .note = std::move(named.note)};
  choice.tensors = std::move(named.tensors);
  choice.left_out = std::move(named.left_out);
  choice.match = match_arch(choice.tensors, network.arch, network.expected);
  if (!named.fault.empty()) choice.match.fault = std::move(named.fault);
  choice.match.score = named.score;
  return choice;
}

/// Sort key: the smallest is taken first.
std::pair<bool, bool> order_of(const WeightChoice& choice) { return {choice.match.headless, is_average(label(choice))}; }

class Chooser {
 public:
  Chooser(const WeightSource& source, const std::string& arch, const std::string& key) : source_(source), key_(key) {
    const std::vector<KnownNetwork> networks = known_networks(arch);
    size_t largest = 0;
    for (const StateDict& dict : source.state_dicts()) largest = std::max(largest, dict.tensors.size());
    for (const StateDict& dict : source.state_dicts()) {
      if (!dict.fault.empty()) unreadable_.push_back(dict.fault);
      if (!dict.fault.empty() || dict.tensors.size() < std::min(largest, kFewestTensors)) continue;
      for (const KnownNetwork& network : networks) {
        const size_t fitted = fitting_.size();
        for (const std::string& prefix : prefixes_in(dict.tensors, network)) consider(dict, under_prefix(dict, prefix, network));
        if (!dict.layers.empty() && fitting_.size() == fitted) consider(dict, by_layers(dict, network));
      }
    }
  }

  WeightChoice choose() {
    if (!nearest_ && fitting_.empty())
      throw UsageError(fmt::format("`key` {}: there is no such state dict in {}; it holds {}", key_,
                                   source_.file().path().string(), contents_of(source_)));
    if (fitting_.empty()) {
      nearest_->unreadable = unreadable_;
      return *nearest_;
    }
    const auto best = std::ranges::min_element(fitting_, {}, order_of);
    WeightChoice choice = std::move(*best);
    fitting_.erase(best);
    for (const WeightChoice& other : fitting_) {
      const auto has_its_key = [&](const WeightChoice& c) { return c.key == other.key; };
      const bool is_alone = !other.key.empty() && !has_its_key(choice) && std::ranges::count_if(fitting_, has_its_key) == 1;
      choice.others.push_back(is_alone ? other.key : label(other));
    }
    choice.unreadable = unreadable_;
    return choice;
  }

 private:
  void consider(const StateDict& dict, WeightChoice choice) {
    if (!key_.empty() && key_ != label(choice) && key_ != choice.key && key_ + '.' != choice.prefix) return;
    if (choice.match.fits()) return fitting_.push_back(std::move(choice));
    if (nearest_ && choice.match.score <= nearest_->match.score) return;
    choice.tensors = dict.tensors;
    choice.prefix.clear();
    choice.left_out = {};
    choice.note.clear();
    nearest_ = std::move(choice);
  }

  const WeightSource& source_;
  const std::string key_;
  std::vector<WeightChoice> fitting_;
  std::optional<WeightChoice> nearest_;
  std::vector<std::string> unreadable_;
};

}  // namespace

WeightChoice choose_weights(const WeightSource& source, const std::string& arch, const std::string& key) {
  return Chooser(source, arch, key).choose();
}

std::vector<std::string> WeightChoice::remarks() const {
  std::vector<std::string> all, taken_off = wrappers;
  if (!prefix.empty()) taken_off.push_back(prefix);
  if (!key.empty() || !taken_off.empty())
    all.push_back(fmt::format("took {}{}", key.empty() ? "its tensors" : fmt::format("'{}'", key),
                              taken_off.empty() ? "" : fmt::format(", names without '{}'", fmt::join(taken_off, "', '"))));
  if (!others.empty())
    all.push_back(fmt::format("'{}' fits as well and was not taken: weights convert `key` names it", fmt::join(others, "', '")));
  if (match.fits() && by_layers)
    all.push_back(fmt::format("its names are its own: its layers were told by their shapes and their order{}",
                              may_be_folded ? ", which do not tell whether batch norms were folded into its convolutions" : ""));
  if (!note.empty()) all.push_back(note);
  if (!left_out.empty()) all.push_back(fmt::format("left out what is outside of the network: {}", left_out.text()));
  if (match.fits() && match.headless)
    all.emplace_back("holds no classifier: a training may begin with it and learn its own, forward cannot use it");
  for (const std::string& fault : unreadable) all.push_back("a part that was not taken cannot be read: " + fault);
  return all;
}

std::string contents_of(const WeightSource& source) {
  constexpr size_t kMostDicts = 4;
  const auto& dicts = source.state_dicts();
  std::string text;
  for (size_t i = 0; i < std::min(dicts.size(), kMostDicts); ++i) {
    NameList names;
    for (const TensorRecord& t : dicts[i].tensors) names.add(t.name);
    const std::string what =
        dicts[i].fault.empty() ? fmt::format("{} tensors: {}", names.size(), names.text()) : "what cannot be read";
    text += (i > 0 ? ", " : "") + (dicts[i].key.empty() ? what : fmt::format("'{}' ({})", dicts[i].key, what));
  }
  return dicts.size() > kMostDicts ? fmt::format("{} and {} more", text, dicts.size() - kMostDicts) : text;
}

}  // namespace cudenza
