#include "engine/data/synth/folder.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <set>

#include "engine/core/error.h"
#include "engine/data/synth/synth.h"
#include "engine/data/wav_file.h"

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
  require(fs::is_directory(out, error), "synth: {} is a file; name a folder", out.string());
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

}  // namespace

void write_synth_folder(const fs::path& out, const SynthOptions& options, const std::function<void(int64_t, int64_t)>& on_clip) {
  require(options.clips >= 1 && options.clips <= 100000, "synth: {} clips a genre; choose 1 to 100000", options.clips);
  check_synth_seconds(options.seconds);
  refuse_strangers(out, options.clips);
  const int genres = static_cast<int>(synth_genres().size());
  const int64_t total = int64_t{options.clips} * genres;
  std::mutex mutex;  // of done, failure and on_clip
  int64_t done = 0;
  std::exception_ptr failure;
  std::atomic<bool> stop = false;
#pragma omp parallel for schedule(dynamic)
  for (int64_t clip = 0; clip < total; ++clip) {
    if (stop) continue;
    try {
      const int genre = static_cast<int>(clip % genres), index = static_cast<int>(clip / genres);
      write_wav(out / path_of(genre, index), synth_clip(options.seed, genre, index, options.seconds), kSynthRate);
      const std::lock_guard lock(mutex);
      ++done;
      if (on_clip) on_clip(done, total);
    } catch (...) {
      const std::lock_guard lock(mutex);
      stop = true;
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace cudenza
