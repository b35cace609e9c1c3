/// cudenza features: sounds to what a network sees of them, step by step, for other programs and for the eye.
#include "apps/study/features.h"

#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/study/model_input.h"
#include "apps/verbs/verbs.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

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

  FeatureChoice choice(int threads) const {
    const MelSpec mel = spec();
    return {.inputs = inputs,
            .out = out,
            .png = png,
            .preset = preset,
            .mel = mel,
            .picture = {.height = image_size, .width = image_size, .channels = channels, .antialias = !no_antialias},
            .normalize = normalize_from_name(normalize),
            .statistics = statistics,
            .threads = threads,
            .cache = !no_cache,
            .strict = strict};
  }
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

void run_features(const Options& options, const Common& common) {
  const FeatureChoice choice = options.choice(common.threads);
  Terminal terminal(common.quiet);
  const FeatureReport report = write_features(choice, common, terminal);
  if (common.json) {
    Json clips = Json::array(), skipped = Json::array();
    for (const FeatureReport::Clip& clip : report.clips) {
      clips.push_back({{"name", clip.name},
                       {"file", clip.file},
                       {"seconds", clip.seconds},
                       {"frames", clip.frames},
                       {"lowest_db", clip.lowest_db},
                       {"highest_db", clip.highest_db}});
    }
    for (const FeatureReport::Skipped& one : report.skipped) skipped.push_back({{"file", one.file}, {"reason", one.reason}});
    const Json all{{"out", options.out},
                   {"bands", choice.mel.n_mels},
                   {"image", {options.image_size, options.image_size, options.channels}},
                   {"clips", clips},
                   {"skipped", skipped}};
    return print_json(all);
  }
  const size_t clips = report.clips.size(), skipped = report.skipped.size();
  terminal.say(fmt::format("{} clip{} in {}: mel_db [{}, frames] and image [{}, {}, {}]{}", clips, clips == 1 ? "" : "s",
                           options.out, choice.mel.n_mels, options.image_size, options.image_size, options.channels,
                           skipped == 0 ? "" : fmt::format("; {} skipped", skipped)));
}

void run_model_input(const Options& options, const Common& common) {
  require(options.inputs.size() == 1, "features --model: takes one DATA, a folder or a CSV, but got {}", options.inputs.size());
  Terminal terminal(common.quiet);
  const auto [files, picture] = write_model_input({.model = options.model,
                                                   .data = options.inputs[0],
                                                   .out = options.out,
                                                   .workers = common.threads,
                                                   .strict = options.strict},
                                                  common, terminal);
  if (common.json)
    return print_json(Json{{"out", options.out}, {"files", files}, {"image", {picture.height, picture.width, picture.channels}}});
  terminal.say(fmt::format("{} files in {}: image [pictures, {}, {}, {}]", files, options.out, picture.height, picture.width,
                           picture.channels));
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
    if (options->model.empty()) run_features(*options, common);
    else run_model_input(*options, common);
  });
}

}  // namespace cudenza
