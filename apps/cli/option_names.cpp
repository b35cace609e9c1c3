#include "apps/cli/option_names.h"

#include <algorithm>

namespace cudenza {
namespace {

/// Whose options are called as they are, with - for _. Each stands between blanks.
constexpr std::string_view kFields =
    " accumulate aggregate batch_size classes cutout device draws drop_path ema epochs freeze_epochs frozen_stages gain "
    "gradient_wire gradients head hop image_size input_scale keep_head key label_smoothing lr max_norm minutes mixup noise "
    "normalize optimizer out output part parts patience per_class pictures plan png precision preset resume rounds sample_rate "
    "shift specaugment split split_dir stage_decay statistics stress sync_batch_norm threads tta tuning_lr weight_decay weights "
    "window ";

struct Renamed {
  std::string_view field, option;
};
constexpr Renamed kRenamed[] = {{"arch", "model"},      {"clip_seconds", "clip"},         {"crop_seconds", "crop"},
                                {"crop_width", "crop"}, {"picture.height", "image-size"}, {"picture.width", "image-size"}};

/// The option without its dashes; empty if the field is none of the library's.
std::string option_of(std::string_view field) {
  if (const auto other = std::ranges::find(kRenamed, field, &Renamed::field); other != std::end(kRenamed))
    return std::string(other->option);
  std::string option(field);
  if (option.empty() || kFields.find(' ' + option + ' ') == kFields.npos) return "";
  std::ranges::replace(option, '_', '-');
  return option;
}

}  // namespace

std::string with_option_names(std::string_view message) {
  std::string text;
  while (true) {
    const size_t begin = message.find('`'), end = begin == message.npos ? begin : message.find('`', begin + 1);
    if (end == message.npos) return text.append(message);
    const std::string option = option_of(message.substr(begin + 1, end - begin - 1));
    if (option.empty()) {
      text += message.substr(0, end);  // the second may begin a field
      message.remove_prefix(end);
    } else {
      text.append(message.substr(0, begin)).append("--").append(option);
      message.remove_prefix(end + 1);
    }
  }
}

std::vector<std::string> with_option_names(std::vector<std::string> messages) {
  for (std::string& message : messages) message = with_option_names(message);
  return messages;
}

}  // namespace cudenza
