#include "weights/manifest.h"

#include <algorithm>

namespace cudenza {
namespace {

#define TORCHVISION "https://download.pytorch.org/models/"
#define TIMM "https://github.com/rwightman/pytorch-image-models/releases/download/"

// Accuracies and interpolation: torchvision's models and timm's model cards. "legacy" files hold the same weights as V1 in
// the containers of their time.
constexpr OfficialWeights kOfficial[] = {
    {.arch = "alexnet",
     .variant = "V1",
     .url = TORCHVISION "alexnet-owt-7be5be79.pth",
     .sha256_prefix = "7be5be79",
     .bytes = 244408911,
     .top1 = 56.522},
    {.arch = "alexnet",
     .variant = "legacy",
     .url = TORCHVISION "alexnet-owt-4df8aa71.pth",
     .sha256_prefix = "4df8aa71",
     .bytes = 244418560,
     .top1 = 56.522},
    {.arch = "vgg16",
     .variant = "V1",
     .url = TORCHVISION "vgg16-397923af.pth",
     .sha256_prefix = "397923af",
     .bytes = 553433881,
     .top1 = 71.592},
    {.arch = "vgg16_bn",
     .variant = "V1",
     .url = TORCHVISION "vgg16_bn-6c64b313.pth",
     .sha256_prefix = "6c64b313",
     .bytes = 553507836,
     .top1 = 73.360},
    {.arch = "resnet34",
     .variant = "V1",
     .url = TORCHVISION "resnet34-b627a593.pth",
     .sha256_prefix = "b627a593",
     .bytes = std::nullopt,
     .top1 = 73.314},
    {.arch = "resnet34",
     .variant = "legacy",
     .url = TORCHVISION "resnet34-333f7ec4.pth",
     .sha256_prefix = "333f7ec4",
     .bytes = 87306240,
     .top1 = 73.314},
    {.arch = "resnet50",
     .variant = "V1",
     .url = TORCHVISION "resnet50-0676ba61.pth",
     .sha256_prefix = "0676ba61",
     .bytes = 102530333,
     .top1 = 76.130},
    {.arch = "resnet50",
     .variant = "V2",
     .url = TORCHVISION "resnet50-11ad3fa6.pth",
     .sha256_prefix = "11ad3fa6",
     .bytes = 102540417,
     .top1 = 80.858},
    {.arch = "resnet50",
     .variant = "legacy",
     .url = TORCHVISION "resnet50-19c8e357.pth",
     .sha256_prefix = "19c8e357",
     .bytes = 102502400,
     .top1 = 76.130},
    {.arch = "resnetrs50",
     .variant = "ema",
     .url = TIMM "v0.1-rs-weights/resnetrs50_ema-6b53758b.pth",
     .sha256_prefix = "6b53758b",
     .bytes = std::nullopt,
     .top1 = 79.89,  // at 224, as it is tested
     .input_size = 160,
     .interpolation = "bicubic"},
};

#undef TORCHVISION
#undef TIMM

}  // namespace

std::span<const OfficialWeights> official_weights() { return kOfficial; }

const OfficialWeights* find_official(std::string_view arch, std::string_view variant) {
  const auto at = std::ranges::find_if(
      kOfficial, [&](const OfficialWeights& row) { return row.arch == arch && (variant.empty() || row.variant == variant); });
  return at == std::end(kOfficial) ? nullptr : at;
}

const OfficialWeights* find_official_by_hash(std::string_view sha256) {
  const auto at =
      std::ranges::find_if(kOfficial, [&](const OfficialWeights& row) { return sha256.starts_with(row.sha256_prefix); });
  return at == std::end(kOfficial) ? nullptr : at;
}

std::string hash_in_name(std::string_view name) {
  constexpr size_t kFewestDigits = 8, kMostDigits = 64;
  const std::string_view stem = name.substr(0, name.rfind('.'));
  const size_t dash = stem.rfind('-');
  if (dash == std::string_view::npos) return "";
  const std::string_view digits = stem.substr(dash + 1);
  const bool is_hex = std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return is_hex && digits.size() >= kFewestDigits && digits.size() <= kMostDigits ? std::string(digits) : "";
}

}  // namespace cudenza
