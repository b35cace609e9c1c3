#include "engine/audio/clips.h"

#include <omp.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <optional>
#include <thread>

#include "engine/audio/decode.h"
#include "engine/core/cpu_room.h"

namespace cudenza {
namespace {

constexpr size_t kRoomForAClip = size_t{16} << 20;

Clip load(const std::filesystem::path& path, int rate, PcmCache* cache) {
  Clip clip{.path = path, .pcm = {}, .error = {}, .remarks = {}};
  try {
    HeardSound sound = cache ? cache->load(path, rate) : hear(path, rate);
    clip.pcm = std::move(sound.pcm);
    for (const std::string& remark : sound.remarks) clip.remarks.push_back(fmt::format("{}: {}", path.string(), remark));
  } catch (const DataError& error) {
    require_cpu_room(kRoomForAClip);  // when memory runs out, libraries report good files as bad
    clip.error = error.what();
  }
  return clip;
}

/// Decodes clips on threads and hands them out in order; holds at most `places` of them.
class Decoding {
 public:
  Decoding(std::span<const std::filesystem::path> paths, int rate, PcmCache* cache, size_t threads, size_t places)
      : paths_(paths), rate_(rate), cache_(cache), ready_(places) {
    try {
      while (threads_.size() < threads) threads_.emplace_back([this] { decode(); });
    } catch (const std::exception&) {
      // The system has no more threads, or no memory for their stacks. Those that run do the work; if none runs, the caller does.
    }
  }
  ~Decoding() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();  // ~threads_ joins the threads
  }

  /// Waits for the next clip.
  Clip take() {
    if (threads_.empty()) return load(paths_[taken_++], rate_, cache_);
    std::unique_lock lock(mutex_);
    std::optional<Clip>& place = ready_[taken_ % ready_.size()];
    changed_.wait(lock, [&] { return place || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    Clip clip = std::move(*place);
    place.reset();
    ++taken_;
    changed_.notify_all();
    return clip;
  }

 private:
  void decode() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopped_ || begun_ == paths_.size() || begun_ < taken_ + ready_.size(); });
      if (stopped_ || begun_ == paths_.size()) return;
      const size_t index = begun_++;
      lock.unlock();
      std::optional<Clip> clip;
      std::exception_ptr failure;
      try {
        clip = load(paths_[index], rate_, cache_);
      } catch (...) {
        failure = std::current_exception();  // not the file's fault: no memory, an invalid rate
      }
      lock.lock();
      ready_[index % ready_.size()] = std::move(clip);
      if (failure) failure_ = failure;
      changed_.notify_all();
    }
  }

  std::span<const std::filesystem::path> paths_;
  int rate_;
  PcmCache* cache_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Clip>> ready_;  // clip i is at i % places
  size_t begun_ = 0, taken_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;  // last, so that they are joined before the other members are destroyed
};

}  // namespace

void for_each_clip(std::span<const std::filesystem::path> paths, int rate, const LoadClipsOptions& options,
                   const std::function<void(size_t index, Clip&&)>& take) {
  const int wanted = options.threads > 0 ? options.threads : omp_get_max_threads();
  const size_t threads = std::min(static_cast<size_t>(wanted), paths.size());
  const size_t ahead = options.ahead > 0 ? static_cast<size_t>(options.ahead) : 2 * threads;
  if (paths.empty()) return;
  Decoding decoding(paths, rate, options.cache, threads, threads + ahead);
  for (size_t i = 0; i < paths.size(); ++i) take(i, decoding.take());
}

std::vector<Clip> load_clips(std::span<const std::filesystem::path> paths, int rate, const LoadClipsOptions& options,
                             const LoadCallbacks& callbacks) {
  std::vector<Clip> clips;
  clips.reserve(paths.size());
  for_each_clip(paths, rate, options, [&](size_t, Clip&& clip) {
    if (!clip.usable() && callbacks.on_error) callbacks.on_error(clip);
    clips.push_back(std::move(clip));
    if (callbacks.on_progress) callbacks.on_progress(clips.size(), paths.size());
  });
  return clips;
}

}  // namespace cudenza
