#include "apps/sound_inputs.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/data/dataset.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::vector<fs::path> sounds_in_folder(const fs::path& folder) try {
  std::vector<fs::path> found;
  const auto options = fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  for (auto entry = fs::recursive_directory_iterator(folder, options); entry != fs::end(entry); ++entry) {
    if (is_hidden(*entry)) {
      if (entry->is_directory()) entry.disable_recursion_pending();
    } else if (media_of(entry->path()) == Media::sound && !entry->is_directory()) {
      found.push_back(entry->path());
    }
  }
  if (found.empty()) throw DataError(fmt::format("{}: holds no wav, au, flac, ogg or mp3 files", folder.string()));
  std::ranges::sort(found);
  return found;
} catch (const fs::filesystem_error& error) {  // links that go round in circles, a disk that fails
  throw DataError(fmt::format("{}: {}", folder.string(), error.code().message()));
}

std::vector<fs::path> sounds_of_list(const fs::path& csv) {
  const Dataset dataset = open_dataset(csv);
  if (dataset.media != Media::sound) throw DataError(fmt::format("{}: lists pictures, not sounds", csv.string()));
  std::vector<fs::path> found;
  for (const Item& item : dataset.items) found.push_back(dataset.path_of(item));
  return found;
}

std::vector<fs::path> sounds_of(const fs::path& argument) {
  if (fs::is_directory(argument)) return sounds_in_folder(argument);
  return argument.extension() == ".csv" ? sounds_of_list(argument) : std::vector{argument};
}

/// Gives every input the shortest name that no other has.
void name_apart(std::vector<SoundInput>& inputs) {
  constexpr size_t kMostFolders = 64;
  std::map<fs::path, int> stems;  // with their folders
  for (const SoundInput& input : inputs) ++stems[fs::absolute(input.path).lexically_normal().replace_extension()];
  for (size_t folders = 0; folders <= kMostFolders; ++folders) {
    std::map<std::string, int> uses;
    for (const SoundInput& input : inputs) ++uses[input.name];
    for (SoundInput& input : inputs) {
      if (folders > 0 && uses[input.name] == 1) continue;
      const fs::path path = fs::absolute(input.path).lexically_normal();
      fs::path name = stems[fs::path(path).replace_extension()] > 1 ? path.filename() : path.stem();
      fs::path above = path.parent_path();
      for (size_t i = 0; i < folders && above.has_filename(); ++i, above = above.parent_path()) name = above.filename() / name;
      input.name = name;
    }
  }
}

}  // namespace

std::vector<SoundInput> find_sounds(const std::vector<std::string>& arguments) {
  std::vector<SoundInput> inputs;
  std::set<fs::path> seen;
  for (const std::string& argument : arguments) {
    for (const fs::path& path : sounds_of(argument)) {
      if (seen.insert(fs::weakly_canonical(path)).second) inputs.push_back({path, {}});
    }
  }
  name_apart(inputs);
  return inputs;
}

}  // namespace cudenza
