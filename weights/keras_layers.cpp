#include "weights/keras_layers.h"

#include <algorithm>
#include <array>
#include <map>

#include "weights/keras_place.h"

namespace cudenza {
namespace {

using Kind = SourceLayer::Kind;

enum class Role : uint8_t { kernel, bias, gamma, beta, mean, variance };
constexpr size_t kRoles = 6;
constexpr std::array<std::pair<std::string_view, Role>, 10> kRoleNames{{{"kernel", Role::kernel},
                                                                        {"W", Role::kernel},
                                                                        {"bias", Role::bias},
                                                                        {"b", Role::bias},
                                                                        {"gamma", Role::gamma},
                                                                        {"beta", Role::beta},
                                                                        {"moving_mean", Role::mean},
                                                                        {"running_mean", Role::mean},
                                                                        {"moving_variance", Role::variance},
                                                                        {"running_std", Role::variance}}};

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Without TensorFlow's ":0" and then "_1".
std::string without_counters(std::string leaf) {
  leaf = leaf.substr(0, leaf.rfind(':'));
  const size_t last = leaf.rfind('_');
  return last != std::string::npos && is_number(std::string_view(leaf).substr(last + 1)) ? leaf.substr(0, last) : leaf;
}

/// Where a variable belongs.
struct Address {
  std::string group;              ///< path of the layer's group
  std::string layer;              ///< the layer's name
  std::optional<Role> role = {};  ///< none for Keras 3's variables, which have
  size_t number = 0;              ///< a number instead
};

std::optional<Address> address_of(const std::string& path) {
  const std::vector<std::string> parts = parts_of(path);
  if (parts.size() < 2 || parts.front().starts_with("optimizer")) return std::nullopt;
  const std::string &leaf = parts.back(), &parent = parts[parts.size() - 2];
  const std::string group = path.substr(0, path.size() - leaf.size() - 1);
  if (parent == "vars" && parts.size() > 2 && is_number(leaf) && leaf.size() == 1)
    return Address{.group = group, .layer = parts[parts.size() - 3], .number = static_cast<size_t>(leaf[0] - '0')};
  const std::string plain = without_counters(leaf);
  for (const auto& [name, role] : kRoleNames) {
    if (plain == name || plain == fmt::format("{}_{}", parent, name)) return Address{group, parent, role};
  }
  return std::nullopt;
}

/// A layer's variables by their roles.
struct Group {
  std::string path, name;
  std::array<std::optional<TensorRecord>, kRoles> parts = {};
  std::map<size_t, TensorRecord> numbered = {};
  std::optional<KerasPlace> place = {};

  const std::optional<TensorRecord>& part(Role role) const { return parts[static_cast<size_t>(role)]; }
  bool is_norm() const { return !part(Role::kernel) && (part(Role::gamma) || part(Role::mean)); }
};

/// Variables 0 and 1 of a convolution or a dense layer are kernel and bias; the four of a batch norm gamma, beta, mean, variance.
void give_roles(Group& group) {
  if (group.numbered.empty()) return;
  const auto set = [&](Role role, size_t number) {
    if (const auto at = group.numbered.find(number); at != group.numbered.end())
      group.parts[static_cast<size_t>(role)] = at->second;
  };
  const auto first = group.numbered.find(0);
  const size_t axes = first == group.numbered.end() ? 0 : first->second.sizes.size();
  if (axes == 2 || axes == 4) {
    set(Role::kernel, 0);
    set(Role::bias, 1);
  } else if (axes == 1 && group.numbered.size() == 4) {
    set(Role::gamma, 0);
    set(Role::beta, 1);
    set(Role::mean, 2);
    set(Role::variance, 3);
  }
}

/// The groups in the order of their first variables.
std::vector<Group> groups_of(const FileBytes& file, const KerasFile& keras) {
  std::vector<Group> groups;
  std::map<std::string, size_t> places;
  for (const KerasVariable& variable : keras.variables) {
    const auto address = address_of(variable.record.name);
    if (!address) continue;
    const auto [at, is_new] = places.emplace(address->group, groups.size());
    if (is_new)
      groups.push_back({.path = address->group, .name = variable.layer_name.empty() ? address->layer : variable.layer_name});
    Group& group = groups[at->second];
    bool is_first = true;
    if (address->role) {
      auto& part = group.parts[static_cast<size_t>(*address->role)];
      is_first = !part;
      part = variable.record;
    } else {
      is_first = group.numbered.emplace(address->number, variable.record).second;
    }
    if (!is_first) file.fail("layer {} has a variable twice: {}", printable(group.name), printable(variable.record.name));
  }
  for (Group& group : groups) {
    give_roles(group);
    group.place = keras_place(group.name);
  }
  return groups;
}

SourceNorm norm_of(const FileBytes& file, const Group& group, double epsilon) {
  for (const Role role : {Role::gamma, Role::beta, Role::mean, Role::variance}) {
    if (!group.part(role))
      file.fail("the batch norm {} lacks its gamma, beta, mean or variance, which a network of ours has", printable(group.name));
  }
  return {*group.part(Role::gamma), *group.part(Role::beta), *group.part(Role::mean), *group.part(Role::variance), epsilon};
}

class Assembly {
 public:
  Assembly(const FileBytes& file, const KerasFile& keras) : file_(file), keras_(keras) {
    std::vector<Group> groups = groups_of(file, keras);
    // VGG16's and ResNet50's convolutions have known places, whatever else (a new classifier) there is.
    const auto is_conv = [](const Group& g) { return g.part(Role::kernel) && g.part(Role::kernel)->sizes.size() == 4; };
    knows_places_ = std::ranges::all_of(groups, [&](const Group& g) { return !is_conv(g) || g.place; }) &&
                    std::ranges::any_of(groups, is_conv);
    if (!keras.is_ordered) std::ranges::stable_sort(groups, comes_before_by_number, &Group::path);
    if (knows_places_) std::ranges::stable_sort(groups, {}, [](const Group& g) { return g.place.value_or(KerasPlace::last()); });
    for (const Group& group : groups) add_layer(group);
    for (const Group& group : groups) {
      if (group.is_norm()) add_norm(group);
    }
  }

  std::vector<SourceLayer> take() { return std::move(layers_); }

 private:
  void add_layer(const Group& group) {
    const auto& kernel = group.part(Role::kernel);
    if (!kernel || (kernel->sizes.size() != 2 && kernel->sizes.size() != 4)) {
      if (group.is_norm()) before_norm_.emplace(&group, layers_.size());
      return;
    }
    SourceLayer layer{
        .kind = kernel->sizes.size() == 4 ? Kind::conv : Kind::dense, .name = group.name, .bias = group.part(Role::bias)};
    if (layer.kind == Kind::conv) {
      layer.weight = permuted(*kernel, {3, 2, 0, 1});
      channels_ = layer.weight.sizes[0];
      if (knows_places_) set_depth(layer, *group.place);
      convs_.push_back(layers_.size());
    } else {
      layer.weight = permuted(*kernel, {1, 0});
      const bool is_flattened = !keras_.channels_first && channels_ > 0 && layer.weight.sizes[1] % channels_ == 0;
      if (is_flattened) layer.weight = with_channels_first(layer.weight, channels_);
      channels_ = 0;
    }
    places_.push_back(group.place);
    layers_.push_back(std::move(layer));
  }

  void set_depth(SourceLayer& layer, const KerasPlace& place) {
    if (place.network != KerasPlace::Network::resnet50) return;
    if (place.block_key() != block_) {
      block_ = place.block_key();
      block_begin_ = deepest_;
    }
    layer.depth = place.is_shortcut() ? block_begin_ + 1 : ++deepest_;
    layer.stride = place.stride();
  }

  /// The batch norm goes to the convolution of its place; where places are not known to the one before it; and where their order
  /// is not known either, to the one of its number, if there are as many.
  void add_norm(const Group& group) {
    std::optional<size_t> at;
    if (knows_places_) {
      const auto same = group.place ? std::ranges::find(places_, group.place) : places_.end();
      if (same != places_.end()) at = static_cast<size_t>(same - places_.begin());
    } else if (keras_.is_ordered) {
      if (const size_t after = before_norm_.at(&group); after > 0) at = after - 1;
    } else if (before_norm_.size() == convs_.size()) {
      at = convs_[norms_++];
    }
    if (!at || layers_[*at].kind != Kind::conv || layers_[*at].norm) return;
    const double epsilon = keras_.epsilon.value_or(group.place ? group.place->epsilon() : kKerasEpsilon);
    layers_[*at].norm = norm_of(file_, group, epsilon);
  }

  static bool comes_before_by_number(const std::string& a, const std::string& b) { return natural_order(a, b) < 0; }

  const FileBytes& file_;
  const KerasFile& keras_;
  bool knows_places_ = false;
  std::vector<SourceLayer> layers_;
  std::vector<std::optional<KerasPlace>> places_;  ///< of the layers
  std::vector<size_t> convs_;                      ///< which of the layers they are
  std::map<const Group*, size_t> before_norm_;     ///< how many layers stand before a batch norm
  int64_t channels_ = 0;                           ///< of the last convolution, until a dense layer comes
  std::string block_;
  int block_begin_ = 0, deepest_ = 0;
  size_t norms_ = 0;
};

}  // namespace

std::vector<SourceLayer> keras_layers(const FileBytes& file, const KerasFile& keras) { return Assembly(file, keras).take(); }

bool is_keras_variable(const std::string& path) { return address_of(path).has_value(); }

}  // namespace cudenza
