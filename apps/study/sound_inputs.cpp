#include "apps/study/sound_inputs.h"

#include <algorithm>
#include <map>
#include <set>

#include "apps/study/files_in_folder.h"
#include "engine/core/error.h"
#include "engine/data/dataset.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> sounds_of_list(const fs::path& csv) {
  const Dataset dataset = open_dataset(csv);
  if (dataset.media != Media::sound) throw DataError(fmt::format("{}: lists pictures, not sounds", csv.string()));
  std::vector<fs::path> found;
  for (const Item& item : dataset.items) found.push_back(dataset.path_of(item));
  return found;
}

std::vector<fs::path> sounds_of(const fs::path& argument, bool strict, Observer& observer) {
  if (argument.empty()) throw DataError("an empty name is no file; name sounds, folders, or CSV lists");
  if (is_folder(argument)) return files_in_folder(argument, Media::sound, strict, observer);
  return argument.extension() == ".csv" ? sounds_of_list(argument) : std::vector{argument};
}

/// Where a file really lies, as far as that can be known.
fs::path identity_of(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  return error ? fs::absolute(path).lexically_normal() : real;
}

/// Gives every input the shortest name that no other has.
void name_apart(std::vector<SoundInput>& inputs) {
  std::map<fs::path, int> stems;  // with their folders
  size_t deepest = 0;
  for (const SoundInput& input : inputs) {
    const fs::path path = fs::absolute(input.path).lexically_normal();
    ++stems[fs::path(path).replace_extension()];
    deepest = std::max(deepest, static_cast<size_t>(std::distance(path.begin(), path.end())));
  }
  for (size_t folders = 0; folders <= deepest; ++folders) {
    std::map<std::string, int> uses;
    for (const SoundInput& input : inputs) ++uses[input.name];
    if (folders > 0 && uses.size() == inputs.size()) return;
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

std::vector<SoundInput> find_sounds(const std::vector<std::string>& arguments, bool strict, Observer& observer) {
  std::vector<SoundInput> inputs;
  std::set<fs::path> seen;
  for (const std::string& argument : arguments) {
    for (const fs::path& path : sounds_of(argument, strict, observer)) {
      if (seen.insert(identity_of(path)).second) inputs.push_back({path, {}});
    }
  }
  name_apart(inputs);
  return inputs;
}

}  // namespace cudenza
