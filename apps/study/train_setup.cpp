#include "apps/study/train_setup.h"

#include <unistd.h>

#include <algorithm>

#include "apps/study/head_fit.h"
#include "engine/core/gpu.h"
#include "engine/train/clip_input.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// The run's file of this path; null if it has none.
template <class Identity> auto* file_of(Identity& run, const std::string& path) {
  const auto found = std::ranges::lower_bound(run.files, path, {}, &RunFile::path);
  return found != run.files.end() && found->path == path ? &*found : nullptr;
}

/// The run's own split. What the run does not know stands among the training clips until it is refused.
Split split_of(const RunIdentity& run, const Dataset& dataset) {
  Split split;
  for (size_t i = 0; i < dataset.items.size(); ++i) {
    const RunFile* file = file_of(run, dataset.items[i].path);
    auto& part = !file || file->part == "train" ? split.train : file->part == "valid" ? split.valid : split.test;
    part.push_back(static_cast<int>(i));
  }
  split.valid_is_drawn = run.valid_is_drawn.value_or(true);  // lists and columns are read anew
  return split;
}

/// How many parts of a clip the network sees one at a time: of sounds none is shorter than a second.
int parts_of(const InputSpec& spec, const Recipe& recipe) {
  if (spec.media == Media::pictures) return recipe.parts;
  return std::clamp(static_cast<int>(spec.clip_seconds), 1, recipe.parts);
}

}  // namespace

TrainSetup::TrainSetup(const Compute& given, const TrainOptions& o, Observer& watcher)
    : compute(given),
      options(o),
      observer(watcher),
      device(compute.chosen_device()),
      dtype(study_type(compute, device)),
      recipe(options.make_recipe()) {}

void TrainSetup::prepare(const fs::path& last) {
  open(std::nullopt);
  prepare_data(last);
  prepare_input(last);
  prepare_network(last);
}

void TrainSetup::prepare_run(const fs::path& last, const std::optional<RunIdentity>& begun) {
  open(begun);
  know_files();
  refuse_difference(begun);
  prepare_data(last);
  for (RunFile& file : identity.files) file.clips = 0;
  for (const int item : data.rows.item) ++file_of(identity, data.dataset.items[static_cast<size_t>(item)].path)->clips;
  refuse_difference(begun);
  prepare_input(last);
  prepare_network(last);
}

Trainer::Parts TrainSetup::trainer_parts() {
  const bool by_stage = recipe.plan == Plan::transfer;
  return {.network = *model.network,
          .groups = by_stage ? model.network->stage_groups() : model.network->parameter_groups(),
          .input = *kept,
          .labels = data.labels(),
          .rows = data.rows_of(data.split.train),
          .random = model.random,
          .on_phase = [this](const Phase& phase, bool begins) { begin_phase(phase, begins); },
          .ranks = compute.ranks};
}

void TrainSetup::use_all_layers() {
  kept->release();
  model.network->begin_at(0);
}

/// Bytes that features may take: a quarter of the device's memory, which of a CPU all ranks may have to share.
int64_t TrainSetup::room_for_features() const {
  const auto all = device.is_cpu() ? static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / compute.ranks->size()
                                   : static_cast<int64_t>(gpu::properties(device.index()).memory_bytes);
  return static_cast<int64_t>(
      compute.ranks->of_first(static_cast<double>(all / 4)));  // machines may differ, what is done may not
}

/// Lets every picture go once through the stages that do not train in this phase. Where the head alone trains, it begins with
/// ridge regression on what the body makes of plain pictures.
void TrainSetup::begin_phase(const Phase& phase, bool begins) {
  use_all_layers();
  Network& network = *model.network;
  const int first = network.beginning(phase.first_trained_group);
  if (recipe.plan != Plan::transfer || first == 0) return;
  const auto layers = [&network, first](const Tensor& pictures) { return network.forward_to(first, pictures); };
  KeptInput::Choice choice{
      .training = data.rows_of(data.split.train), .plain = data.rows_of(data.split.valid), .draws = recipe.draws};
  choice.plain.insert(choice.plain.end(), choice.training.begin(),
                      choice.training.end());  // for fits and batch norms' statistics
  network.fold();
  const int64_t room = room_for_features(), of_one = kept->bytes_of_picture(layers, choice.plain.front());
  while (choice.draws > 1 && of_one * choice.pictures(kept->views()) > room) --choice.draws;
  const int64_t pictures = choice.pictures(kept->views()), mib = of_one * pictures >> 20;
  if (of_one * pictures > room) {
    observer.say(fmt::format(
        "{}: features would take {} MiB, more than a quarter of the memory: they are computed in every epoch", phase.name, mib));
    choice.training.clear(), choice.plain.clear();
  } else {
    observer.say(
        fmt::format("{}: features of what does not train, {} draws of each clip, {} MiB", phase.name, choice.draws, mib));
  }
  choice.ranks = compute.ranks.get();
  choice.progress = [&](int64_t done, int64_t total) {
    observer.progress("features", done, total, "");
    return !observer.interrupted();
  };
  kept->keep(layers, choice);
  network.begin_at(first);
  if (begins && first == network.head() && network.pyramid())
    fit_head(*network.pyramid(), *kept, data, data.split.train, room, observer);
}

/// A split that was drawn is not drawn again: it is that of the run.
void TrainSetup::open(const std::optional<RunIdentity>& begun) {
  DataChoice choice{.data = options.data, .split = options.split, .split_dir = options.split_dir};
  if (begun) choice.drawn = [&](const Dataset& dataset) { return split_of(*begun, dataset); };
  open_and_split(data, choice, compute.seed, observer);
}

std::vector<int> TrainSetup::all_items() const {
  std::vector<int> items;
  const Split& split = data.split;
  for (const auto* part : {&split.train, &split.valid, &split.test}) items.insert(items.end(), part->begin(), part->end());
  std::ranges::sort(items);
  return items;
}

/// Every file of the split, and what it holds.
void TrainSetup::know_files() {
  identity.data = fs::absolute(options.data).string();
  identity.classes = data.dataset.classes;
  identity.valid_is_drawn = data.split.valid_is_drawn;
  std::vector<fs::path> paths;
  const auto add = [&](const std::vector<int>& items, const char* part) {
    for (const int item : items) {
      const Item& one = data.dataset.items[static_cast<size_t>(item)];
      identity.files.push_back({.path = one.path, .label = data.dataset.class_of(one), .part = part, .content = {}});
    }
  };
  add(data.split.train, "train");
  add(data.split.valid, "valid");
  add(data.split.test, "test");
  std::ranges::sort(identity.files, {}, &RunFile::path);
  for (const RunFile& file : identity.files) paths.push_back(data.dataset.root / file.path);
  const auto own = compute.ranks->share(std::ssize(paths)).of(std::span(paths));
  const std::vector<std::string> contents = compute.ranks->joined(contents_of(own, options.workers));
  for (size_t i = 0; i < contents.size(); ++i) identity.files[i].content = contents[i];
}

void TrainSetup::refuse_difference(const std::optional<RunIdentity>& begun) const {
  if (!begun) return;
  const std::string what = difference(*begun, identity);
  if (what.empty()) return;
  throw DataError(
      fmt::format("{}: since the run {} began, {}: a run goes on with the same data alone; put it back, or start a new run",
                  options.data, options.resume, what));
}

/// Decides what the network hears of the data set, and reads it.
void TrainSetup::prepare_data(const fs::path& last) {
  const Split& split = data.split;
  const std::vector<int> items = all_items();
  InputSpec& spec = model.input;
  if (last.empty()) {
    spec = options.make_input(data.dataset.media);
    if (spec.media == Media::sound && spec.clip_seconds == 0) spec.clip_seconds = longest_seconds(data.dataset, items, 30);
    if (spec.media == Media::pictures) spec.crop_width = recipe.crop == 1 ? 0 : recipe.crop;
    else spec.crop_seconds = recipe.crop < spec.clip_seconds ? recipe.crop : 0;
    if (const int parts = parts_of(spec, recipe); recipe.crop == 0 && parts > 1) {
      if (spec.media == Media::pictures) spec.crop_width = 1.0 / parts;
      else spec.crop_seconds = spec.clip_seconds / parts;
    }
  } else {
    spec = read_input_spec(Hdf5File(last));
  }
  spec.check();
  load(data, items, spec, {.workers = options.workers, .strict = options.strict, .ranks = compute.ranks.get()}, observer);
  if (data.usable(split.train).empty() || data.usable(split.valid).empty()) {
    throw DataError(fmt::format("{}: {} clips to train on and {} to validate on can be used: both are needed", options.data,
                                data.usable(split.train).size(), data.usable(split.valid).size()));
  }
  warn_of_classes(data, observer);
}

/// Statistics of the training clips, or those that the run began with.
void TrainSetup::prepare_input(const fs::path& last) {
  InputSpec& spec = model.input;
  const bool wants = spec.normalize == Normalize::global || spec.normalize == Normalize::bin;
  if (last.empty() && wants)
    spec.statistics = measure(data.rows.data, spec.mel, data.rows_of(data.split.train), compute.ranks.get());
  input = make_input(data.rows, spec, recipe, device, dtype, compute.seed);
  kept = std::make_unique<KeptInput>(*input);
}

void TrainSetup::prepare_network(const fs::path& last) {
  model.arch = options.arch;
  model.classes = data.dataset.classes;
  begin_anew(model, recipe, compute.seed);
  if (!last.empty()) {
    const Hdf5File file(last);
    read_state(file, *model.network);
    take_origin(file, model);
  } else if (!options.weights.empty()) {
    const auto scale = options.input_scale ? std::optional(input_scale_from_name(*options.input_scale)) : std::nullopt;
    const WeightsFile weights = open_weights(options.weights, scale);
    for (const std::string& remark : weights.remarks) observer.say(fmt::format("{}: {}", options.weights, remark));
    const LoadReport report = begin_with(model, weights, options.keep_head);
    observer.say(fmt::format("{}: {}", options.weights, report.text()));
  }
  model.network->to(device);
}

}  // namespace cudenza
