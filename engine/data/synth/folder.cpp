#include "engine/data/synth/folder.h"

#include <map>
#include <mutex>
#include <set>

#include "engine/audio/wav_file.h"
#include "engine/core/error.h"
#include "engine/data/synth/synth.h"
#include "engine/io/atomic_file.h"
#include "engine/io/own_files.h"
#include "kernels/common/parallel_each.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

fs::path path_of(int genre, int index) {
  const std::string_view name = synth_genres()[static_cast<size_t>(genre)];
  return fs::path(name) / fmt::format("{}.{:05}.wav", name, index);
}

void refuse_strangers(const fs::path& out, int clips) {
  std::error_code error;
  if (!fs::exists(out, error)) return;
  std::set<fs::path> ours;
  for (int genre = 0; genre < static_cast<int>(synth_genres().size()); ++genre) {
    ours.insert(out / synth_genres()[static_cast<size_t>(genre)]);
    for (int index = 0; index < clips; ++index) ours.insert(out / path_of(genre, index));
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(out)) {
    require(ours.contains(entry.path()), "synth: {} already holds {}, which is not of this data set; name a new folder",
            out.string(), entry.path().lexically_relative(out).string());
  }
}

/// Runs `work` for each of these clips on all threads.
void for_each_clip(const std::vector<fs::path>& clips, const std::function<void(const fs::path& clip)>& work) {
  kernels::parallel_each(std::ssize(clips), [&](int64_t i) { work(clips[static_cast<size_t>(i)]); });
}

bool holds(const fs::path& path, const std::string& bytes) {
  std::error_code error;
  return fs::is_regular_file(fs::symlink_status(path, error)) && beginning_of(path, bytes.size() + 1) == bytes;
}

/// The clips of a data set as paths within it, with genre and index.
std::map<fs::path, std::pair<int, int>> clips_of(int clips_per_genre) {
  std::map<fs::path, std::pair<int, int>> clips;
  for (int index = 0; index < clips_per_genre; ++index) {
    for (int genre = 0; genre < static_cast<int>(synth_genres().size()); ++genre) clips[path_of(genre, index)] = {genre, index};
  }
  return clips;
}

}  // namespace

void write_synth_folder(const fs::path& out, const SynthOptions& options, const std::function<void(int64_t, int64_t)>& on_clip) {
  require(options.clips >= 1 && options.clips <= 100000, "synth: {} clips a genre; choose 1 to 100000", options.clips);
  check_synth_seconds(options.seconds);
  check_output_folder("OUT", out);
  refuse_strangers(out, options.clips);
  const auto clips = clips_of(options.clips);
  std::vector<fs::path> there, missing;
  for (const auto& [clip, genre_and_index] : clips) {
    std::error_code error;
    (fs::exists(fs::symlink_status(out / clip, error)) ? there : missing).push_back(clip);
  }
  const auto wav_of = [&](const fs::path& clip) {
    const auto [genre, index] = clips.at(clip);
    return encode_wav(synth_clip(options.seed, genre, index, options.seconds), kSynthRate);
  };
  std::mutex mutex;  // guards done and on_clip
  int64_t done = 0;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    ++done;
    if (on_clip) on_clip(done, std::ssize(clips));
  };
  for_each_clip(there, [&](const fs::path& clip) {  // first, so that nothing is added to a folder of someone else
    require(holds(out / clip, wav_of(clip)), "synth: {} is there already and is not what this call makes; name a new folder",
            (out / clip).string());
    count();
  });
  for_each_clip(missing, [&](const fs::path& clip) {
    write_atomically(out / clip, wav_of(clip));
    count();
  });
}

}  // namespace cudenza
