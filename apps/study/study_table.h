/// The study's table: which networks it fine-tuned, how, and how many clips they told.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "apps/study/train_options.h"

namespace cudenza {

/// A line of the table (METHOD: of 199 clips).
struct StudyLine {
  std::string_view network, arch, recipe, label;
  int64_t right;
};
std::span<const StudyLine> study_lines();
inline constexpr int64_t kStudyClips = 199;

/// A line as options of a training: `shared`, changed to what the line is; where the data are and the run goes is the caller's.
/// `weights` is a folder with ImageNet's weights as `weights fetch` or PyTorch's users name them; a network that has none there
/// is trained from scratch, in one cycle.
TrainOptions options_of(const StudyLine&, const TrainOptions& shared, const std::filesystem::path& weights);

}  // namespace cudenza
