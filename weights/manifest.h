/// The official ImageNet weights of our networks: where they are, how to verify them, and the input they expect.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cudenza {

struct OfficialWeights {
  std::string_view arch, variant;  ///< an arch's first row is the default variant
  std::string_view url;
  std::string_view sha256_prefix;  ///< first digits of the file's SHA-256, from its name
  std::string_view sha256 = {};    ///< all 64 digits, if known
  std::optional<uint64_t> bytes;   ///< of the file, if known
  std::optional<double> top1;      ///< top-1 accuracy on ImageNet's validation set, in percent, as published
  int input_size = 224;            ///< side of the training pictures
  std::string_view interpolation = "bilinear";
  std::array<double, 3> mean{0.485, 0.456, 0.406}, std{0.229, 0.224, 0.225};

  std::string_view license() const;  ///< of the project that publishes them
  std::string_view file() const { return url.substr(url.rfind('/') + 1); }
  /// Whether this SHA-256 (64 digits) matches the known digits.
  bool has_hash(std::string_view digits) const { return sha256.empty() ? digits.starts_with(sha256_prefix) : digits == sha256; }
};

std::span<const OfficialWeights> official_weights();

/// The row of an arch, or of one of its variants; null if there is none.
const OfficialWeights* find_official(std::string_view arch, std::string_view variant = "");
/// The row whose file has this SHA-256 (64 digits); null if there is none.
const OfficialWeights* find_official_by_hash(std::string_view sha256);

/// The row with this file name; null if there is none.
const OfficialWeights* find_official_by_file(std::string_view file_name);

/// The hexadecimal digits after a name's last dash: "7be5be79" of "alexnet-owt-7be5be79.pth". Empty if there are fewer than
/// eight, or if they are a date ("best-20240131.pth").
std::string hash_in_name(std::string_view file_name);

}  // namespace cudenza
