#include "weights/manifest.h"

#include <algorithm>

namespace cudenza {
namespace {

#define TORCHVISION "https://download.pytorch.org/models/"
#define TIMM "https://github.com/rwightman/pytorch-image-models/releases/download/"

// Accuracies and interpolation: torchvision's models and timm's model cards. "legacy" files hold the same weights as V1 in the
// containers of their time. Full SHA-256 digests are given if several projects that pin these files agree on them.
constexpr OfficialWeights kOfficial[] = {
    {.arch = "alexnet",
     .variant = "V1",
     .url = TORCHVISION "alexnet-owt-7be5be79.pth",
     .sha256_prefix = "7be5be79",
     .sha256 = "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
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
     .sha256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
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
     .sha256 = "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
     .bytes = std::nullopt,
     .top1 = 73.314},
    {.arch = "resnet34",
     .variant = "legacy",
     .url = TORCHVISION "resnet34-333f7ec4.pth",
     .sha256_prefix = "333f7ec4",
     .sha256 = "333f7ec4c6338da2cbed37f1fc0445f9624f1355633fa1d7eab79a91084c6cef",
     .bytes = 87306240,
     .top1 = 73.314},
    {.arch = "resnet50",
     .variant = "V1",
     .url = TORCHVISION "resnet50-0676ba61.pth",
     .sha256_prefix = "0676ba61",
     .sha256 = "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
     .bytes = 102530333,
     .top1 = 76.130},
    {.arch = "resnet50",
     .variant = "V2",
     .url = TORCHVISION "resnet50-11ad3fa6.pth",
     .sha256_prefix = "11ad3fa6",
     .sha256 = "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
     .bytes = 102540417,
     .top1 = 80.858},
    {.arch = "resnet50",
     .variant = "legacy",
     .url = TORCHVISION "resnet50-19c8e357.pth",
     .sha256_prefix = "19c8e357",
     .sha256 = "19c8e3572231adff6824a2da93fd67b5986919a2e65f8b6007eab4edee220097",
     .bytes = 102502400,
     .top1 = 76.130},
    {.arch = "resnetrs50",
     .variant = "ema",
     .url = TIMM "v0.1-rs-weights/resnetrs50_ema-6b53758b.pth",
     .sha256_prefix = "6b53758b",
     .bytes = std::nullopt,
     .top1 = 79.89,  // tested at 224
     .input_size = 160,
     .interpolation = "bicubic"},
};

/// Whether eight digits are a recent date: in names they are then more often a date than a digest.
bool is_date(std::string_view digits) {
  const auto in = [&](size_t at, std::string_view first, std::string_view last) {
    const std::string_view part = digits.substr(at, 2);
    return part >= first && part <= last;
  };
  const bool is_decimal = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return digits.size() == 8 && is_decimal && in(0, "19", "20") && in(4, "01", "12") && in(6, "01", "31");
}

}  // namespace

std::string_view OfficialWeights::license() const {
  return url.starts_with(TIMM) ? "Apache-2.0 (timm); trained on ImageNet" : "BSD-3-Clause (torchvision); trained on ImageNet";
}

#undef TORCHVISION
#undef TIMM

std::span<const OfficialWeights> official_weights() { return kOfficial; }

const OfficialWeights* find_official(std::string_view arch, std::string_view variant) {
  const auto at = std::ranges::find_if(
      kOfficial, [&](const OfficialWeights& row) { return row.arch == arch && (variant.empty() || row.variant == variant); });
  return at == std::end(kOfficial) ? nullptr : at;
}

const OfficialWeights* find_official_by_hash(std::string_view sha256) {
  const auto at = std::ranges::find_if(kOfficial, [&](const OfficialWeights& row) { return row.has_hash(sha256); });
  return at == std::end(kOfficial) ? nullptr : at;
}

const OfficialWeights* find_official_by_file(std::string_view file_name) {
  const auto at = std::ranges::find(kOfficial, file_name, &OfficialWeights::file);
  return at == std::end(kOfficial) ? nullptr : at;
}

std::string hash_in_name(std::string_view name) {
  constexpr size_t kFewestDigits = 8, kMostDigits = 64;
  const std::string_view stem = name.substr(0, name.rfind('.'));
  const size_t dash = stem.rfind('-');
  if (dash == std::string_view::npos) return "";
  const std::string_view digits = stem.substr(dash + 1);
  const bool is_hex = std::ranges::all_of(digits, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  const bool is_hash = is_hex && digits.size() >= kFewestDigits && digits.size() <= kMostDigits && !is_date(digits);
  return is_hash ? std::string(digits) : "";
}

}  // namespace cudenza
