#include "engine/data/dataset.h"

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "engine/data/dataset_csv.h"
#include "engine/data/dataset_folder.h"
#include "engine/data/dataset_parts.h"

namespace cudenza {
namespace fs = std::filesystem;

std::optional<Media> media_of(const fs::path& path) {
  constexpr std::array<std::string_view, 5> kSounds = {".wav", ".au", ".flac", ".ogg", ".mp3"};
  const std::string extension = in_lower_case(path.extension().string());
  if (std::ranges::find(kSounds, extension) != kSounds.end()) return Media::sound;
  if (extension == ".png") return Media::pictures;
  return std::nullopt;
}

Dataset open_dataset(const fs::path& data) {
  std::error_code error;
  const fs::file_status status = fs::status(data, error);
  if (fs::is_directory(status)) return dataset_from_folder(data);
  if (!fs::exists(status)) {
    const bool is_absent = data.empty() || status.type() == fs::file_type::not_found;
    throw DataError(fmt::format("{}: {}; {}", data.string(),
                                is_absent ? "there is no such folder or file" : "cannot be read: " + error.message(),
                                kDatasetRemedy));
  }
  if (in_lower_case(data.extension().string()) == ".csv") return dataset_from_csv(data);
  throw DataError(fmt::format("{}: is neither a folder nor a CSV; {}", data.string(), kDatasetRemedy));
}

}  // namespace cudenza
