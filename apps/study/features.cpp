#include "apps/study/features.h"

#include <algorithm>

#include "apps/study/sound_inputs.h"
#include "apps/study/spectrogram_png.h"
#include "engine/audio/clips.h"
#include "engine/io/hdf5_file.h"
#include "engine/io/own_files.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFormat = "cudenza features";

/// The clips' spectrograms first, then, with the statistics of them all, the pictures.
class Features {
 public:
  Features(const FeatureChoice& choice, const Compute& compute, Observer& observer)
      : choice_(choice),
        observer_(observer),
        device_(compute.chosen_device()),
        log_mel_(choice.mel, device_),
        inputs_(find_sounds(choice.inputs, choice.strict, observer)) {
    check_places();
    if (!choice.png.empty()) require_gnuplot();
    if (!choice.statistics.empty()) read_statistics();
    // What makes no sense is said before the work, not after it.
    const Picture check(choice.picture, needs_statistics() ? Normalize::none : choice.normalize);
  }

  FeatureReport run() {
    Hdf5File::create(choice_.out, [&](Hdf5File& file) {
      write_spectrograms(file);
      if (report_.clips.empty())
        throw DataError(fmt::format("none of the {} files could be used; nothing is written", inputs_.size()));
      write_pictures(file);
      describe(file);
    });
    return std::move(report_);
  }

 private:
  bool needs_statistics() const { return choice_.normalize == Normalize::global || choice_.normalize == Normalize::bin; }

  /// Nothing that another wrote is replaced; said before the work.
  void check_places() const {
    const auto is_features = [](const fs::path& path) { return is_hdf5_of(path, kFormat); };
    std::vector<fs::path> read = {choice_.inputs.begin(), choice_.inputs.end()};
    for (const SoundInput& input : inputs_) read.push_back(input.path);
    if (!choice_.statistics.empty()) read.push_back(choice_.statistics);
    check_output_file("`out`", choice_.out, is_features, read);
    if (choice_.png.empty()) return;
    check_output_folder("`png`", choice_.png);
    for (const std::string& data : choice_.inputs) check_outside("`png`", choice_.png, data);
    for (const SoundInput& input : inputs_) check_output_file("`png`", picture_path(input), is_marked_png);
  }
  fs::path picture_path(const SoundInput& input) const { return choice_.png / (input.name + ".png"); }

  void read_statistics() {
    const Hdf5File file(choice_.statistics);
    if (!file.contains("statistics/clips"))
      throw DataError(fmt::format("{}: has no statistics; they are in features made with `normalize` global or bin",
                                  choice_.statistics.string()));
    statistics_ = {file.read("statistics/clips"), file.read("statistics/mean"), file.read("statistics/variance")};
    given_statistics_ = true;
    require(statistics_.mean().size() == static_cast<size_t>(choice_.mel.n_mels), "{}: is of {} mel bands, but {} are asked for",
            choice_.statistics.string(), statistics_.mean().size(), choice_.mel.n_mels);
  }

  void write_spectrograms(Hdf5File& file) {
    std::vector<std::filesystem::path> paths;
    for (const SoundInput& input : inputs_) paths.push_back(input.path);
    PcmCache cache;
    const LoadClipsOptions load{.threads = choice_.threads, .cache = choice_.cache ? &cache : nullptr};
    for_each_clip(paths, choice_.mel.sample_rate, load, [&](size_t i, Clip&& clip) {
      const std::string fault = fault_of(clip);
      if (fault.empty()) {
        write_spectrogram(file, inputs_[i], clip.pcm);
        for (const std::string& remark : clip.remarks) observer_.warn(remark);
      } else {
        skip(clip, fault);
      }
      observer_.progress("clips", static_cast<int64_t>(i + 1), static_cast<int64_t>(inputs_.size()), "");
    });
    if (const std::string error = cache.write_error(); !error.empty())
      observer_.remark(fmt::format("the cache of decoded sound cannot be kept: {}", error));
  }

  std::string fault_of(const Clip& clip) const {
    if (!clip.usable()) return clip.error;
    if (clip.pcm.numel() >= choice_.mel.least_samples()) return "";
    return fmt::format("{}: is too short: {} samples at {} Hz, where a frame needs {}", clip.path.string(), clip.pcm.numel(),
                       choice_.mel.sample_rate, choice_.mel.least_samples());
  }

  void skip(const Clip& clip, const std::string& fault) {
    if (choice_.strict) throw DataError(fault);
    observer_.warn(fault + "; skipped");
    report_.skipped.push_back({clip.path.string(), fault.substr(clip.path.string().size() + 2)});
  }

  void write_spectrogram(Hdf5File& file, const SoundInput& input, const Tensor& pcm) {
    const int64_t samples = pcm.numel();
    const Tensor mel_db = log_mel_(pcm.view({1, samples}).to(device_)).to(Device::cpu());
    if (needs_statistics() && !given_statistics_) statistics_.add(mel_db);
    file.write(input.name + "/mel_db", mel_db.view({choice_.mel.n_mels, mel_db.size(2)}));
    const double seconds = static_cast<double>(samples) / choice_.mel.sample_rate;
    file.set_attribute(input.name, "file", input.path.string());
    file.set_attribute(input.name, "seconds", seconds);
    const auto [low, high] = std::ranges::minmax(mel_db.span<float>());
    if (!choice_.png.empty()) write_spectrogram_png(picture_path(input), input.name, choice_.mel, mel_db);
    report_.clips.push_back({.name = input.name,
                             .file = input.path.string(),
                             .seconds = seconds,
                             .frames = mel_db.size(2),
                             .lowest_db = low,
                             .highest_db = high});
  }

  void write_pictures(Hdf5File& file) const {
    const Picture picture(choice_.picture, choice_.normalize, &statistics_, device_);
    for (const auto& [name, path, seconds, frames, low, high] : report_.clips) {
      const Tensor mel_db = file.read(name + "/mel_db");
      const Tensor image = picture(mel_db.view({1, mel_db.size(0), mel_db.size(1)}).to(device_));
      file.write(name + "/image", image.view({image.size(1), image.size(2), image.size(3)}));
    }
  }

  /// What everything was made with.
  void describe(Hdf5File& file) const {
    const auto set = [&](const char* name, const Hdf5Attribute& value) { file.set_attribute("/", name, value); };
    set("format", std::string(kFormat));
    set("format_version", int64_t{2});  // 1: clips were an attribute, which holds some 4,000 names
    std::vector<std::string> names;
    for (const FeatureReport::Clip& clip : report_.clips) names.push_back(clip.name);
    file.write_texts(file.contains("clips") ? ".clips" : "clips", names);  // a clip may be called so
    set("preset", choice_.preset);
    set("sample_rate", int64_t{choice_.mel.sample_rate});
    set("n_fft", int64_t{choice_.mel.n_fft});
    set("hop", int64_t{choice_.mel.hop});
    set("n_mels", int64_t{choice_.mel.n_mels});
    set("fmin", choice_.mel.fmin);
    set("fmax", choice_.mel.highest());
    set("mel_scale", std::string(choice_.mel.scale == MelScale::slaney ? "slaney" : "htk"));
    set("mel_norm", std::string(choice_.mel.norm == MelNorm::slaney ? "slaney" : "none"));
    if (choice_.mel.top_db) set("top_db", *choice_.mel.top_db);
    set("normalize", std::string(name_of(choice_.normalize)));
    if (!needs_statistics()) return;
    file.write("statistics/clips", statistics_.saved_clips());
    file.write("statistics/mean", statistics_.saved_mean());
    file.write("statistics/variance", statistics_.saved_variance());
  }

  const FeatureChoice& choice_;
  Observer& observer_;
  Device device_;
  LogMel log_mel_;
  std::vector<SoundInput> inputs_;
  MelStatistics statistics_;
  bool given_statistics_ = false;
  FeatureReport report_;
};

}  // namespace

FeatureReport write_features(const FeatureChoice& choice, const Compute& compute, Observer& observer) {
  return Features(choice, compute, observer).run();
}

}  // namespace cudenza
