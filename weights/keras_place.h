/// What the names of layers in keras.applications say of their places in the network.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace cudenza {

inline constexpr double kKerasEpsilon = 1e-3;  ///< of a BatchNormalization that does not say another

/// Places in the order of PyTorch's state dicts: of a block first the convolutions on its way, then that of its shortcut.
struct KerasPlace {
  enum class Network : uint8_t { vgg16, resnet50 };
  static constexpr int kShortcut = std::numeric_limits<int>::max();

  Network network;
  int stage = 0, block = 0, part = 0;  ///< stage 1 of ResNet50 is the 7x7 convolution
  bool is_old = false;                 ///< a name of Keras before 2.3: "res2a_branch2a"

  static KerasPlace last() { return {Network::resnet50, kShortcut, kShortcut, kShortcut}; }

  bool is_shortcut() const { return part == kShortcut; }
  std::string block_key() const { return std::to_string(stage) + '.' + std::to_string(block); }
  /// Of the convolution: Keras's ResNet50 has its strides in the first convolution of a stage and in its shortcut.
  int stride() const { return stage == 1 || (stage > 2 && block == 1 && (part == 1 || is_shortcut())) ? 2 : 1; }
  /// Of the batch norms in the code that these names come from.
  double epsilon() const { return is_old ? kKerasEpsilon : 1.001e-5; }

  auto operator<=>(const KerasPlace& other) const {
    return std::tie(network, stage, block, part) <=> std::tie(other.network, other.stage, other.block, other.part);
  }
  bool operator==(const KerasPlace& other) const { return (*this <=> other) == 0; }
};

/// The place that a name says: "block3_conv2" (VGG16); "conv1_conv", "conv1_bn", "conv2_block1_0_conv", "conv2_block1_3_bn"
/// (ResNet50); "conv1", "bn_conv1", "res2a_branch1", "bn2a_branch2c" (the same before Keras 2.3). None for other names. A
/// convolution and its batch norm have the same place.
std::optional<KerasPlace> keras_place(std::string_view name);

/// Order of names by the numbers in them: negative if a comes before b ("conv2d_2" before "conv2d_10").
int natural_order(std::string_view a, std::string_view b);

}  // namespace cudenza
