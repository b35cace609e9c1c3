#include "engine/train/input_spec.h"

#include <cmath>
#include <utility>

#include "engine/nn/checkpoint.h"

namespace cudenza {
namespace {

constexpr std::string_view kGroup = "input";
constexpr int kMostPixels = 4096;

}  // namespace

int InputSpec::columns_of_row() const {
  return crop_width > 0 ? static_cast<int>(std::lround(picture.width / crop_width)) : picture.width;
}

int64_t InputSpec::clip_samples() const { return std::llround(clip_seconds * mel.sample_rate); }
int64_t InputSpec::crop_samples() const { return std::llround(crop_seconds * mel.sample_rate); }

void InputSpec::check() const {
  require(picture.height >= 32, "`picture.height` is {}, but must lie in 32 … {}", picture.height, kMostPixels);
  check_values();
}

void InputSpec::check_values() const {
  for (const int pixels : {picture.height, picture.width})
    require(pixels > 0 && pixels <= kMostPixels, "`picture.height` is {}, but must lie in 32 … {}", pixels, kMostPixels);
  require(picture.channels >= 1 && picture.channels <= 4, "pictures have {} channels, but must have 1 to 4", picture.channels);
  if (media == Media::pictures) {
    require(crop_width == 0 || (crop_width >= 0.01 && crop_width < 1),
            "`crop_width` is {}, but of pictures it is the part of the width to see, in 0.01 … 1", crop_width);
    return;
  }
  mel.check();
  require(clip_seconds > 0 && clip_seconds <= 3600, "`clip_seconds` is {} seconds, but must lie in 0 … 3600", clip_seconds);
  require(crop_seconds >= 0 && crop_seconds <= clip_seconds,
          "`crop_seconds` is {} seconds, but must lie between 0 (the whole clip) and the clip's {}", crop_seconds, clip_seconds);
  mel.frames(crop_seconds > 0 ? crop_samples() : clip_samples());  // throws if too short for one frame
  require(statistics.clips() == 0 || statistics.mean().size() == static_cast<size_t>(mel.n_mels),
          "the statistics are of {} mel bands, but there are {}", statistics.mean().size(), mel.n_mels);
}

void write_input_spec(Hdf5File& file, const InputSpec& spec) {
  const auto set = [&](std::string_view name, const Hdf5Attribute& value) { file.set_attribute(kGroup, name, value); };
  set("media", std::string(spec.media == Media::sound ? "sound" : "pictures"));
  set("image_height", int64_t{spec.picture.height});
  set("image_width", int64_t{spec.picture.width});
  set("channels", int64_t{spec.picture.channels});
  set("antialias", int64_t{spec.picture.antialias});
  set("low_at_bottom", int64_t{spec.picture.low_at_bottom});
  set("normalize", std::string(name_of(spec.normalize)));
  if (spec.media == Media::pictures) return set("crop_width", spec.crop_width);
  const MelSpec& mel = spec.mel;
  set("preset", spec.preset);
  set("sample_rate", int64_t{mel.sample_rate});
  set("n_fft", int64_t{mel.n_fft});
  set("win_length", int64_t{mel.win_length});
  set("hop", int64_t{mel.hop});
  set("centre", int64_t{mel.centre});
  set("power", int64_t{mel.power});
  set("n_mels", int64_t{mel.n_mels});
  set("fmin", mel.fmin);
  set("fmax", mel.fmax);
  set("mel_scale", std::string(mel.scale == MelScale::htk ? "htk" : "slaney"));
  set("mel_norm", std::string(mel.norm == MelNorm::slaney ? "slaney" : "none"));
  set("floor", mel.floor);
  if (mel.top_db) set("top_db", *mel.top_db);
  set("standardise_wave", int64_t{mel.standardise_wave});
  set("clip_seconds", spec.clip_seconds);
  set("crop_seconds", spec.crop_seconds);
  if (spec.statistics.clips() == 0) return;
  file.write("input/statistics/clips", spec.statistics.saved_clips());
  file.write("input/statistics/mean", spec.statistics.saved_mean());
  file.write("input/statistics/variance", spec.statistics.saved_variance());
}

namespace {

/// Reads the group's attributes and rejects values that our writers never write.
class SpecReader {
 public:
  explicit SpecReader(const Hdf5File& file) : file_(file) {}

  InputSpec read() const {
    InputSpec spec{.media = is("media", "sound", "pictures") ? Media::sound : Media::pictures,
                   .picture = {.height = integer("image_height"),
                               .width = integer("image_width"),
                               .channels = integer("channels"),
                               .antialias = flag("antialias"),
                               .low_at_bottom = flag("low_at_bottom")},
                   .normalize = normalize_from_name(text("normalize"))};
    if (spec.media == Media::pictures) {
      spec.crop_width = number("crop_width");
      return spec;
    }
    spec.preset = text("preset");
    spec.mel = mel();
    spec.clip_seconds = number("clip_seconds");
    spec.crop_seconds = number("crop_seconds");
    if (file_.contains("input/statistics")) {
      spec.statistics = {tensor("input/statistics/clips"), tensor("input/statistics/mean"), tensor("input/statistics/variance")};
    }
    return spec;
  }

 private:
  int integer(std::string_view name) const {
    const auto value = file_.attribute<int64_t>(kGroup, name);
    require(std::in_range<int>(value), "{} is {}", name, value);
    return static_cast<int>(value);
  }
  bool flag(std::string_view name) const { return integer(name) != 0; }
  double number(std::string_view name) const {
    const auto value = file_.attribute<double>(kGroup, name);
    require(std::isfinite(value), "{} is {}", name, value);
    return value;
  }
  std::string text(std::string_view name) const { return file_.attribute<std::string>(kGroup, name); }
  /// Returns whether the value is `yes`; throws if it is neither `yes` nor `no`.
  bool is(std::string_view name, std::string_view yes, std::string_view no) const {
    const std::string value = text(name);
    require(value == yes || value == no, "{} is '{}', but must be {} or {}", name, value, yes, no);
    return value == yes;
  }
  Tensor tensor(std::string_view name) const {
    Tensor values = file_.read(name);
    require_finite(file_, name, values, "the model cannot be used: take another copy, or train anew");
    return values;
  }

  MelSpec mel() const {
    MelSpec spec{.sample_rate = integer("sample_rate"),
                 .n_fft = integer("n_fft"),
                 .win_length = integer("win_length"),
                 .hop = integer("hop"),
                 .centre = flag("centre"),
                 .power = integer("power"),
                 .n_mels = integer("n_mels"),
                 .fmin = number("fmin"),
                 .fmax = number("fmax"),
                 .scale = is("mel_scale", "htk", "slaney") ? MelScale::htk : MelScale::slaney,
                 .norm = is("mel_norm", "slaney", "none") ? MelNorm::slaney : MelNorm::none,
                 .floor = number("floor"),
                 .top_db = {},
                 .standardise_wave = flag("standardise_wave")};
    if (file_.has_attribute(kGroup, "top_db")) spec.top_db = number("top_db");
    return spec;
  }

  const Hdf5File& file_;
};

}  // namespace

InputSpec read_input_spec(const Hdf5File& file) {
  if (!file.contains(kGroup) || !file.has_attribute(kGroup, "media")) {
    throw DataError(
        fmt::format("{}: holds no description of a model's input (group 'input'): it is no model that cudenza trained",
                    file.path().string()));
  }
  return sensible(file, "the description of its input", [&] {
    const InputSpec spec = SpecReader(file).read();
    spec.check_values();
    return spec;
  });
}

}  // namespace cudenza
