#include "apps/study/classifier.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <numeric>

#include "apps/study/labelled_rows.h"
#include "apps/study/model_file.h"
#include "engine/audio/decode.h"
#include "engine/audio/loudness.h"
#include "engine/run/metrics.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

void check(const SoundSamples& sound) {
  require(sound.sample_rate > 0 && sound.channels > 0, "samples: {} Hz and {} channels make no sound", sound.sample_rate,
          sound.channels);
  const size_t samples = sound.interleaved.size();
  require(samples > 0, "samples: there are none");
  require(samples % static_cast<size_t>(sound.channels) == 0, "samples: {} cannot be frames of {} channels", samples,
          sound.channels);
  const auto bad = std::ranges::find_if_not(sound.interleaved, is_number);
  if (bad == sound.interleaved.end()) return;
  const double seconds = static_cast<double>((bad - sound.interleaved.begin()) / sound.channels) / sound.sample_rate;
  throw DataError(fmt::format("samples: some are NaN, infinite or beyond {:g} times full scale, the first at {:.3f} s",
                              kLargestSample, seconds));
}

}  // namespace

struct Classifier::State {
  State(const fs::path& run, const ClassifierOptions&);

  Prediction hear_file(const fs::path&) const;
  Prediction hear_samples(const SoundSamples&) const;
  Prediction see(const fs::path&) const;

  ClassifierOptions options;
  Device device;
  Model model;
  DType dtype;
  mutable Prepared network;   // keeps what its passes need
  InputSpec row_input;        // of one row, which is one window or one picture
  int64_t size = 0, hop = 0;  // of windows, in samples
  std::shared_ptr<const std::vector<std::string>> classes;
  std::mutex one_at_a_time;

 private:
  using Window = WindowStream::Window;
  void hear(const std::function<bool(Window&)>& next, Prediction&) const;
  void judge(const Tensor& rows, std::span<Prediction::Window> windows) const;
};

Classifier::State::State(const fs::path& run, const ClassifierOptions& o)
    : options(o),
      device(o.compute.chosen_device()),
      model(read_model(judged_path(run, o.compute), device)),
      dtype(judging_type(model, o.compute, device)),
      network(*model.network, Weights::dropped),
      row_input(model.input),
      classes(std::make_shared<const std::vector<std::string>>(model.classes)) {
  require(o.batch_size > 0 && o.tta >= 0, "classifier: `batch_size` {} and `tta` {} make no sense", o.batch_size, o.tta);
  if (model.input.media == Media::pictures) return;
  const double trained_on = model.input.crop_seconds > 0 ? model.input.crop_seconds : model.input.clip_seconds;
  row_input.clip_seconds = o.window > 0 ? o.window : trained_on;
  row_input.crop_seconds = 0;  // a window is heard whole
  row_input.check();
  const double hop_seconds = o.hop > 0 ? o.hop : row_input.clip_seconds / 2;
  size = std::llround(row_input.clip_seconds * model.input.mel.sample_rate);
  hop = std::llround(hop_seconds * model.input.mel.sample_rate);
  require(size > 0 && hop > 0, "windows of {} samples every {} make no sense; both must be positive", size, hop);
}

Prediction Classifier::State::hear_file(const fs::path& path) const {
  Prediction p{.classes = classes};
  WindowStream stream(path, model.input.mel.sample_rate, size, hop);
  hear([&](Window& window) { return stream.next(window); }, p);
  p.remarks = stream.stream().remarks();
  return p;
}

Prediction Classifier::State::hear_samples(const SoundSamples& sound) const {
  require(model.input.media == Media::sound, "samples: are sound, but the model learnt from pictures; give it a PNG file");
  check(sound);
  const int rate = model.input.mel.sample_rate;
  const std::vector<double> interleaved(sound.interleaved.begin(), sound.interleaved.end());
  std::vector<double> mix_of_all(interleaved.size() / static_cast<size_t>(sound.channels));
  mix(interleaved, sound.channels, mix_of_all);
  Loudness loudness;
  loudness.add(interleaved, mix_of_all);
  if (sound.sample_rate != rate) mix_of_all = resample(std::span<const double>(mix_of_all), sound.sample_rate, rate);
  const std::vector<float> mono(mix_of_all.begin(), mix_of_all.end());
  const auto length = static_cast<int64_t>(mono.size());
  if (length == 0) throw DataError(fmt::format("samples: are too short: not one is left of them at {} Hz", rate));
  Prediction p{.classes = classes};
  int64_t begin = 0, heard = 0;  // a window that would bring nothing new is none, as in WindowStream
  const auto next = [&](Window& window) {
    if (std::max(begin, heard) >= length) return false;
    window.begin = begin;
    window.samples = std::min(size, length - begin);
    window.content = std::span(mono).subspan(static_cast<size_t>(begin), static_cast<size_t>(window.samples));
    heard = begin + size;
    begin += hop;
    return true;
  };
  hear(next, p);
  p.remarks = loudness.remarks();
  return p;
}

/// Has all windows judged, `batch_size` at a time.
void Classifier::State::hear(const std::function<bool(Window&)>& next, Prediction& p) const {
  const auto at_once = static_cast<size_t>(options.batch_size);
  const double rate = model.input.mel.sample_rate;
  std::vector<Tensor> rows;
  const auto flush = [&] {
    if (rows.empty()) return;
    const auto windows = std::span(p.windows).last(rows.size());
    judge(stacked(rows, size), windows);
    rows.clear();
  };
  for (Window window; next(window);) {
    if (!p.windows.empty() && 2 * window.samples < size) break;  // the window before has heard most of it
    const double begin = static_cast<double>(window.begin) / rate;
    p.windows.push_back({begin, begin + static_cast<double>(window.samples) / rate, {}});
    p.seconds = p.windows.back().end;
    const Tensor pcm = pcm_of(window.content.first(static_cast<size_t>(window.samples)));
    rows.push_back(rows_of(pcm, size).slice(0, {1, size}));
    if (rows.size() == at_once) flush();
  }
  flush();
  p.probabilities = aggregated(p.windows, options.aggregate);
}

Prediction Classifier::State::see(const fs::path& path) const {
  Dataset one;
  one.items.push_back({fs::absolute(path).string(), 0, ""});
  const int item = 0;
  const Rows rows = load_picture_rows(one, std::span(&item, 1), row_input);
  if (!rows.bad.empty()) throw DataError(rows.bad.front());
  Prediction p{.classes = classes, .windows = {{}}};
  judge(rows.data, p.windows);
  p.probabilities = aggregated(p.windows, options.aggregate);
  return p;
}

/// Gives each window the probabilities that the network sees in its row.
void Classifier::State::judge(const Tensor& data, std::span<Prediction::Window> windows) const {
  const Rows rows{.data = data, .item = {}, .in_16_bits = 0, .bad = {}, .remarks = {}};
  const auto input = make_judged_input(rows, row_input, model.head, device, dtype, options.compute.seed);
  std::vector<int64_t> all(windows.size());
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> raw = evaluate(network, *input, all, {.batch_size = options.batch_size, .tta = options.tta});
  const std::vector<int64_t> no_labels(all.size());
  const auto count = static_cast<std::ptrdiff_t>(classes->size());
  const std::vector<double> calibrated = at_temperature({raw, no_labels, count}, model.temperature);
  for (size_t i = 0; i < windows.size(); ++i) {
    const auto first = calibrated.begin() + static_cast<std::ptrdiff_t>(i) * count;
    windows[i].probabilities.assign(first, first + count);
  }
}

Classifier::Classifier(const fs::path& run, const ClassifierOptions& options) : state_(std::make_unique<State>(run, options)) {}
Classifier::~Classifier() = default;
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;

Prediction Classifier::operator()(const fs::path& file) const {
  const std::scoped_lock lock(state_->one_at_a_time);
  return media() == Media::pictures ? state_->see(file) : state_->hear_file(file);
}

Prediction Classifier::operator()(const SoundSamples& sound) const {
  const std::scoped_lock lock(state_->one_at_a_time);
  return state_->hear_samples(sound);
}

const std::vector<std::string>& Classifier::classes() const { return *state_->classes; }
Media Classifier::media() const { return state_->model.input.media; }
Device Classifier::device() const { return state_->device; }

}  // namespace cudenza
