#include "apps/study/study_table.h"

#include <fmt/format.h>

#include <vector>

#include "weights/manifest.h"

namespace cudenza {
namespace {
namespace fs = std::filesystem;

constexpr StudyLine kLines[] = {{"AlexNet", "alexnet", "study", "fine-tuning", 158},
                                {"VGG16", "vgg16", "study", "fine-tuning", 174},
                                {"ResNet34", "resnet34", "study", "fine-tuning", 171},
                                {"ResNet50", "resnet50", "study", "fine-tuning", 176},
                                {"ResNet-RS50", "resnetrs50", "study-plus", "+ mixup, augmentation, TTA", 182}};

/// The network's ImageNet weights in the folder, as `weights fetch` or PyTorch's users name them; empty: from scratch.
std::string weights_of(const fs::path& folder, std::string_view arch) {
  if (folder.empty()) return {};
  std::vector<std::string> names;
  for (const std::string_view ending : {"h5", "pth", "pt", "safetensors", "onnx"})
    names.push_back(fmt::format("{}.{}", arch, ending));
  for (const OfficialWeights& row : official_weights()) {
    if (row.arch == arch) names.emplace_back(row.file());
  }
  for (const std::string& name : names) {
    if (fs::exists(folder / name)) return folder / name;
  }
  return {};
}

}  // namespace

std::span<const StudyLine> study_lines() { return kLines; }

TrainOptions options_of(const StudyLine& line, const TrainOptions& shared, const fs::path& weights) {
  TrainOptions options = shared;
  options.arch = line.arch;
  options.recipe = line.recipe;
  options.split = "random:0.2";
  options.weights = weights_of(weights, line.arch);
  if (options.weights.empty() && !options.plan) options.plan = "one_cycle";  // there is no head to train first
  return options;
}

}  // namespace cudenza
