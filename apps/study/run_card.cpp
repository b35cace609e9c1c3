#include "apps/study/run_card.h"

#include <omp.h>

#include <ctime>

#include "apps/study/build_info.h"
#include "engine/core/gpu.h"
#include "engine/libraries/cpu_features.h"
#include "engine/libraries/versions.h"

namespace cudenza {
namespace {

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", std::localtime(&now));
  return text;
}

std::string device_text(Device device) {
  if (device.is_cuda()) return fmt::format("{}: {}", device.name(), gpu::properties(device.index()).name);
  return fmt::format("CPU, {} threads, {}", omp_get_max_threads(), cpu_instruction_set());
}

Facts environment_of(const RunFacts& f) {
  const BuildInfo& build = build_info();
  std::string libraries;
  for (const LibraryVersion& library : library_versions(f.device.is_cuda()))
    libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", library.name, library.version);
  double training_seconds = 0;
  for (const EpochRow& row : f.history) training_seconds += row.time;
  const auto clips = static_cast<double>(f.data.rows_of(f.data.split.train).size() + f.data.rows_of(f.data.split.valid).size());
  const double all_clips = clips * static_cast<double>(f.history.size());
  return {{"version", std::string(build.version)},
          {"commit", std::string(build.commit)},
          {"compiler", std::string(build.compiler)},
          {"device", device_text(f.device)},
          {"processes", int64_t{f.compute.ranks->size()}},
          {"precision", std::string(name_of(f.dtype))},
          {"libraries", libraries},
          {"finished", now_text()},
          {"seconds", f.seconds},
          {"seconds_per_epoch", f.history.empty() ? 0 : training_seconds / static_cast<double>(f.history.size())},
          {"clips_per_s", training_seconds > 0 ? all_clips / training_seconds : 0}};
}

ModelCard::Training training_of(const RunFacts& f) {
  ModelCard::Training t{.data = f.options.data,
                        .split = f.options.split_dir.empty() ? name_of(resolved(parse_split(f.options.split), f.data.dataset))
                                                             : "lists in " + f.options.split_dir,
                        .train = static_cast<int64_t>(f.data.usable(f.data.split.train).size()),
                        .valid = static_cast<int64_t>(f.data.usable(f.data.split.valid).size()),
                        .test = static_cast<int64_t>(f.data.usable(f.data.split.test).size()),
                        .train_per_class = std::vector<int64_t>(f.model.classes.size()),
                        .phases = {},
                        .recipe = facts_of(f.recipe),
                        .seed = f.compute.seed};
  for (const int item : f.data.usable(f.data.split.train)) ++t.train_per_class[f.data.dataset.items[item].label];
  for (const Phase& phase : f.phases) t.phases.emplace_back(phase.name, phase.epochs);
  return t;
}

}  // namespace

Facts facts_of(const Recipe& r) {
  return {{"recipe", r.name},
          {"plan", std::string(name_of(r.plan))},
          {"epochs", int64_t{r.epochs}},
          {"freeze-epochs", int64_t{r.freeze_epochs}},
          {"rounds", int64_t{r.rounds}},
          {"lr", r.lr},
          {"tuning-lr", r.tuning_lr},
          {"stage-decay", r.stage_decay},
          {"frozen-stages", int64_t{r.frozen_stages}},
          {"draws", int64_t{r.draws}},
          {"batch-size", int64_t{r.batch_size}},
          {"accumulate", int64_t{r.accumulate}},
          {"sync-batch-norm", r.sync_batch_norm},
          {"gradient-wire", std::string(name_of(r.gradient_wire))},
          {"optimizer", std::string(name_of(r.optimizer))},
          {"weight-decay", r.weight_decay},
          {"max-norm", r.max_norm},
          {"mixup", r.mixup},
          {"label-smoothing", r.label_smoothing},
          {"drop-path", r.drop_path},
          {"ema", r.ema},
          {"noise", r.noise},
          {"cutout", r.cutout},
          {"specaugment", r.specaugment},
          {"gain", r.gain},
          {"shift", r.shift},
          {"crop", r.crop},
          {"parts", int64_t{r.parts}},
          {"tta", int64_t{r.tta}},
          {"patience", int64_t{r.patience}}};
}

Facts facts_of(const InputSpec& s) {
  Facts facts{{"kind", std::string(s.media == Media::sound ? "sound" : "pictures")},
              {"image_size", int64_t{s.picture.height}},
              {"channels", int64_t{s.picture.channels}},
              {"normalize", std::string(name_of(s.normalize))}};
  if (s.media == Media::pictures) {
    facts.emplace_back("crop_width", s.crop_width);
    return facts;
  }
  const Facts sound{{"preset", s.preset},
                    {"sample_rate", int64_t{s.mel.sample_rate}},
                    {"n_fft", int64_t{s.mel.n_fft}},
                    {"hop", int64_t{s.mel.hop}},
                    {"n_mels", int64_t{s.mel.n_mels}},
                    {"clip_seconds", s.clip_seconds},
                    {"crop_seconds", s.crop_seconds}};
  facts.insert(facts.end(), sound.begin(), sound.end());
  if (s.normalize == Normalize::global && s.statistics.clips() > 0) {
    facts.emplace_back("mean_db", s.statistics.global_mean());
    facts.emplace_back("variance_db", s.statistics.global_variance());
  }
  return facts;
}

ModelCard card_of(const RunFacts& f) {
  ModelCard card{.name = fmt::format("{} on {}", f.model.arch, std::filesystem::path(f.options.data).filename().string()),
                 .arch = f.model.arch,
                 .head = std::string(name_of(f.model.head)),
                 .parameters = f.model.network->parameter_count(),
                 .classes = f.model.classes,
                 .input = facts_of(f.model.input),
                 .weights = f.model.weights,
                 .weights_sha = f.model.weights_sha,
                 .weights_license = f.model.license,
                 .weights_origin = f.model.origin,
                 .training = training_of(f),
                 .result = {},
                 .calibration = {},
                 .environment = environment_of(f),
                 .command = {}};
  card.result.split = f.judged.split;
  card.result.method = f.judged.method;
  card.result.split_leaks = f.judged.split_leaks;
  if (f.best_epoch >= 0) card.result.epoch = f.history[f.best_epoch].epoch;
  card.calibration.temperature = f.model.temperature;
  judge(card, f.judged.predictions);
  card.command = fmt::format("cudenza train --config {}/config.toml", f.options.out);
  return card;
}

}  // namespace cudenza
