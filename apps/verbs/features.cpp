/// cudenza features: sounds to what a network sees of them, step by step, for other programs and for the eye.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/study/sound_inputs.h"
#include "apps/study/spectrogram_png.h"
#include "apps/verbs/model_input.h"
#include "apps/verbs/verbs.h"
#include "engine/audio/clips.h"
#include "engine/audio/picture.h"
#include "engine/core/print_err.h"
#include "engine/io/hdf5_file.h"
#include "engine/io/own_files.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view kFormat = "cudenza features";

struct Options {
  std::vector<std::string> inputs;
  std::string preset = "seed", out, png, normalize = "global", statistics, model;
  std::optional<int> sample_rate, n_fft, hop, n_mels;
  std::optional<double> fmin, fmax, top_db;
  int image_size = 224, channels = 3;
  bool no_top_db = false, standardise = false, no_antialias = false, strict = false, no_cache = false;

  MelSpec spec() const {
    MelSpec spec = MelSpec::preset(preset);
    spec.sample_rate = sample_rate.value_or(spec.sample_rate);
    spec.n_fft = n_fft.value_or(spec.n_fft);
    spec.hop = hop.value_or(spec.hop);
    spec.n_mels = n_mels.value_or(spec.n_mels);
    spec.fmin = fmin.value_or(spec.fmin);
    spec.fmax = fmax.value_or(spec.fmax);
    if (top_db) spec.top_db = top_db;
    if (no_top_db) spec.top_db = std::nullopt;
    spec.standardise_wave = standardise;
    return spec;
  }
};

/// One run of the verb: the clips' spectrograms first, then, with the statistics of them all, the pictures.
class Features {
 public:
  Features(const Options& options, const Common& common)
      : options_(options),
        common_(common),
        device_(common.chosen_device()),
        spec_(options.spec()),
        log_mel_(spec_, device_),
        inputs_(find_sounds(options.inputs, options.strict)) {
    check_places();
    if (!options.png.empty()) require_gnuplot();
    if (!options.statistics.empty()) read_statistics();
    (void)picture_spec();  // what makes no sense is said before the work, not after it
  }

  void run() {
    Hdf5File::create(options_.out, [&](Hdf5File& file) {
      write_spectrograms(file);
      if (names_.empty()) throw DataError(fmt::format("none of the {} files could be used; nothing is written", inputs_.size()));
      write_pictures(file);
      describe(file);
    });
    report();
  }

 private:
  Normalize normalize() const { return normalize_from_name(options_.normalize); }
  bool needs_statistics() const { return normalize() == Normalize::global || normalize() == Normalize::bin; }
  PictureSpec picture_spec() const {
    const PictureSpec spec{.height = options_.image_size,
                           .width = options_.image_size,
                           .channels = options_.channels,
                           .antialias = !options_.no_antialias};
    const Picture check(spec, needs_statistics() ? Normalize::none : normalize());
    return spec;
  }

  /// Nothing that another wrote is replaced; said before the work.
  void check_places() const {
    const auto is_features = [](const fs::path& path) { return is_hdf5_of(path, kFormat); };
    std::vector<fs::path> read = {options_.inputs.begin(), options_.inputs.end()};
    for (const SoundInput& input : inputs_) read.push_back(input.path);
    if (!options_.statistics.empty()) read.push_back(options_.statistics);
    check_output_file("--out", options_.out, is_features, read);
    if (options_.png.empty()) return;
    check_output_folder("--png", options_.png);
    for (const std::string& data : options_.inputs) check_outside("--png", options_.png, data);
    for (const SoundInput& input : inputs_) check_output_file("--png", picture_path(input), is_marked_png);
  }
  fs::path picture_path(const SoundInput& input) const { return fs::path(options_.png) / (input.name + ".png"); }

  void read_statistics() {
    const Hdf5File file(options_.statistics);
    if (!file.contains("statistics/clips"))
      throw DataError(
          fmt::format("{}: has no statistics; they are in what `features --normalize global` writes", options_.statistics));
    statistics_ = {file.read("statistics/clips"), file.read("statistics/mean"), file.read("statistics/variance")};
    given_statistics_ = true;
    require(statistics_.mean().size() == static_cast<size_t>(spec_.n_mels), "{}: is of {} mel bands, but {} are asked for",
            options_.statistics, statistics_.mean().size(), spec_.n_mels);
  }

  void write_spectrograms(Hdf5File& file) {
    std::vector<std::filesystem::path> paths;
    for (const SoundInput& input : inputs_) paths.push_back(input.path);
    PcmCache cache;
    const LoadClipsOptions load{.threads = common_.threads, .cache = options_.no_cache ? nullptr : &cache};
    for_each_clip(paths, spec_.sample_rate, load, [&](size_t i, Clip&& clip) {
      const std::string fault = fault_of(clip);
      if (fault.empty()) {
        write_spectrogram(file, inputs_[i], clip.pcm);
        warn(clip);
      } else {
        skip(clip, fault);
      }
      show_progress(i + 1);
    });
    if (const std::string error = cache.write_error(); !error.empty() && !common_.quiet)
      print_err("cudenza: the cache of decoded sound cannot be kept: {}\n", error);
  }

  std::string fault_of(const Clip& clip) const {
    if (!clip.usable()) return clip.error;
    if (static_cast<int64_t>(clip.pcm.size()) >= spec_.least_samples()) return "";
    return fmt::format("{}: is too short: {} samples at {} Hz, where a frame needs {}", clip.path.string(), clip.pcm.size(),
                       spec_.sample_rate, spec_.least_samples());
  }

  void skip(const Clip& clip, const std::string& fault) {
    if (options_.strict) throw DataError(fault);
    end_progress();
    print_err("cudenza: warning: {}; skipped\n", fault);
    skipped_.push_back({{"file", clip.path.string()}, {"reason", fault.substr(clip.path.string().size() + 2)}});
  }

  void warn(const Clip& clip) {
    if (!clip.remarks.empty()) end_progress();
    for (const std::string& remark : clip.remarks) print_err("cudenza: warning: {}\n", remark);
  }

  void write_spectrogram(Hdf5File& file, const SoundInput& input, const std::vector<int16_t>& pcm) {
    const auto samples = static_cast<int64_t>(pcm.size());
    const Tensor mel_db = log_mel_(Tensor::from(pcm, {1, samples}, device_)).to(Device::cpu());
    if (needs_statistics() && !given_statistics_) statistics_.add(mel_db);
    file.write(input.name + "/mel_db", mel_db.view({spec_.n_mels, mel_db.size(2)}));
    const double seconds = static_cast<double>(samples) / spec_.sample_rate;
    file.set_attribute(input.name, "file", input.path.string());
    file.set_attribute(input.name, "seconds", seconds);
    const auto [low, high] = std::ranges::minmax(mel_db.span<float>());
    if (!options_.png.empty()) write_spectrogram_png(picture_path(input), input.name, spec_, mel_db);
    names_.push_back(input.name);
    clips_.push_back({{"name", input.name},
                      {"file", input.path.string()},
                      {"seconds", seconds},
                      {"frames", mel_db.size(2)},
                      {"lowest_db", low},
                      {"highest_db", high}});
  }

  void write_pictures(Hdf5File& file) const {
    const Picture picture(picture_spec(), normalize(), &statistics_, device_);
    for (const std::string& name : names_) {
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
    file.write_texts(file.contains("clips") ? ".clips" : "clips", names_);  // a clip may be called so
    set("preset", options_.preset);
    set("sample_rate", int64_t{spec_.sample_rate});
    set("n_fft", int64_t{spec_.n_fft});
    set("hop", int64_t{spec_.hop});
    set("n_mels", int64_t{spec_.n_mels});
    set("fmin", spec_.fmin);
    set("fmax", spec_.highest());
    set("mel_scale", std::string(spec_.scale == MelScale::slaney ? "slaney" : "htk"));
    set("mel_norm", std::string(spec_.norm == MelNorm::slaney ? "slaney" : "none"));
    if (spec_.top_db) set("top_db", *spec_.top_db);
    set("normalize", options_.normalize);
    if (!needs_statistics()) return;
    file.write("statistics/clips", statistics_.saved_clips());
    file.write("statistics/mean", statistics_.saved_mean());
    file.write("statistics/variance", statistics_.saved_variance());
  }

  void show_progress(size_t done) {
    if (common_.quiet || !isatty(STDERR_FILENO)) return;
    print_err("\r{} of {} clips", done, inputs_.size());
    progress_shown_ = done < inputs_.size();
    if (!progress_shown_) print_err("\n");
  }
  void end_progress() {
    if (std::exchange(progress_shown_, false)) print_err("\n");
  }

  void report() const {
    if (common_.json) {
      const Json all{{"out", options_.out},
                     {"bands", spec_.n_mels},
                     {"image", {options_.image_size, options_.image_size, options_.channels}},
                     {"clips", clips_},
                     {"skipped", skipped_}};
      print_json(all);
    } else if (!common_.quiet) {
      print_err("{} clip{} in {}: mel_db [{}, frames] and image [{}, {}, {}]{}\n", names_.size(), names_.size() == 1 ? "" : "s",
                options_.out, spec_.n_mels, options_.image_size, options_.image_size, options_.channels,
                skipped_.empty() ? "" : fmt::format("; {} skipped", skipped_.size()));
    }
  }

  const Options& options_;
  const Common& common_;
  Device device_;
  MelSpec spec_;
  LogMel log_mel_;
  std::vector<SoundInput> inputs_;
  MelStatistics statistics_;
  bool given_statistics_ = false, progress_shown_ = false;
  std::vector<std::string> names_;
  Json clips_ = Json::array(), skipped_ = Json::array();
};

void add_spec_options(CLI::App& verb, Options& o) {
  verb.add_option("--preset", o.preset, "seed (librosa's conventions, 44.1 kHz, 2048/512) or torchaudio (400/200, HTK)")
      ->check(CLI::IsMember({"seed", "torchaudio"}))
      ->capture_default_str();
  verb.add_option("--sample-rate", o.sample_rate, "Hz, instead of the preset's");
  verb.add_option("--n-fft", o.n_fft, "samples a frame");
  verb.add_option("--hop", o.hop, "samples from frame to frame");
  verb.add_option("--n-mels", o.n_mels, "mel bands");
  verb.add_option("--fmin", o.fmin, "lowest frequency, Hz");
  verb.add_option("--fmax", o.fmax, "highest frequency, Hz");
  auto* const top_db = verb.add_option("--top-db", o.top_db, "dB below the clip's maximum where it is cut off");
  verb.add_flag("--no-top-db", o.no_top_db, "not cut off")->excludes(top_db);
  verb.add_flag("--standardise", o.standardise, "each clip's samples to mean 0 and deviation 1 first");
}

void add_picture_options(CLI::App& verb, Options& o) {
  verb.add_option("--normalize", o.normalize, "none, global, bin, clip or imagenet")
      ->check(CLI::IsMember({"none", "global", "bin", "clip", "imagenet"}))
      ->capture_default_str();
  verb.add_option("--statistics", o.statistics,
                  "for global and bin: those of this features file (a training set's), not of the clips")
      ->check(CLI::ExistingFile);
  verb.add_option("--image-size", o.image_size, "rows and columns of the network's input")->capture_default_str();
  auto* const channels = verb.add_option("--channels", o.channels, "equal channels")->capture_default_str();
  verb.add_flag_callback(
          "--mono", [&o] { o.channels = 1; }, "one channel")
      ->excludes(channels);
  verb.add_flag("--no-antialias", o.no_antialias, "shrink by two neighbours alone, as PyTorch's bilinear");
}

}  // namespace

void add_features(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("features", "Sounds to log-mel spectrograms and network input, in HDF5, and to PNG");
  const auto options = std::make_shared<Options>();
  add_spec_options(*verb, *options);
  add_picture_options(*verb, *options);
  verb->add_option("--png", options->png, "a folder for pictures with axes in seconds and hertz");
  verb->add_flag("--no-cache", options->no_cache, "decode anew, and keep nothing");
  const std::vector<CLI::Option*> settings = verb->get_options();
  auto* const model = verb->add_option("--model", options->model,
                                       "a run's directory: of DATA, sounds or pictures, what its network sees, in "
                                       "/<path in DATA>/image [pictures, rows, columns, channels]");
  for (CLI::Option* setting : settings) {
    if (setting != verb->get_help_ptr()) model->excludes(setting);  // the model has its own
  }
  verb->add_option("inputs", options->inputs, "sound files, folders of them, CSV lists")->required()->type_name("FILE|DATA");
  verb->add_option("--out", options->out,
                   "the HDF5 file: /<clip>/mel_db [bands, frames], /<clip>/image [rows, columns, channels], /clips their names")
      ->required();
  verb->add_flag("--strict", options->strict, "a bad file ends the work");
  verb->callback([options, &common] {
    if (options->model.empty()) return Features(*options, common).run();
    require(options->inputs.size() == 1, "features --model: takes one DATA, a folder or a CSV, but got {}",
            options->inputs.size());
    write_model_input({options->model, options->inputs[0], options->out, options->strict}, common);
  });
}

}  // namespace cudenza
