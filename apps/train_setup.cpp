#include "apps/train_setup.h"

#include <algorithm>

#include "apps/network_choice.h"
#include "engine/core/print_err.h"
#include "engine/train/clip_input.h"

namespace cudenza {

TrainSetup::TrainSetup(const Common& given, const TrainOptions& o)
    : common(given),
      options(o),
      device(common.chosen_device()),
      dtype(study_type(common, device)),
      recipe(options.make_recipe()) {}

void TrainSetup::say(const std::string& line) const {
  if (!common.quiet) print_err("{}\n", line);
}

void TrainSetup::prepare(const std::filesystem::path& last) {
  prepare_data();
  prepare_input(last);
  prepare_network(last);
}

Trainer::Parts TrainSetup::trainer_parts() const {
  return {*model.network, model.network->parameter_groups(), *input, data.labels(), data.rows_of(data.split.train), model.random};
}

/// Reads the data set and decides what the network hears of it.
void TrainSetup::prepare_data() {
  open_and_split(data, {options.data, options.split, options.split_dir}, common.seed, common.quiet);
  const Split& split = data.split;
  std::vector<int> items;
  for (const auto* part : {&split.train, &split.valid, &split.test}) items.insert(items.end(), part->begin(), part->end());
  std::ranges::sort(items);
  InputSpec& spec = model.input;
  spec = options.make_input(data.dataset.media);
  if (spec.media == Media::sound && spec.clip_seconds == 0) spec.clip_seconds = longest_seconds(data.dataset, items, 30);
  if (spec.media == Media::pictures) spec.crop_width = recipe.crop == 1 ? 0 : recipe.crop;
  else spec.crop_seconds = recipe.crop < spec.clip_seconds ? recipe.crop : 0;
  spec.check();
  load(data, items, spec, options.workers, options.strict, common.quiet);
  if (data.usable(split.train).empty() || data.usable(split.valid).empty()) {
    throw DataError(fmt::format("{}: {} clips to train on and {} to validate on can be used: both are needed", options.data,
                                data.usable(split.train).size(), data.usable(split.valid).size()));
  }
}

/// Statistics of the training clips, or those that the run began with.
void TrainSetup::prepare_input(const std::filesystem::path& last) {
  InputSpec& spec = model.input;
  const bool wants = spec.normalize == Normalize::global || spec.normalize == Normalize::bin;
  if (!last.empty()) spec.statistics = read_input_spec(Hdf5File(last)).statistics;
  else if (wants) spec.statistics = measure(data.rows.data, spec.mel, data.rows_of(data.split.train));
  input = make_input(data.rows, spec, recipe, device, dtype, common.seed);
}

void TrainSetup::prepare_network(const std::filesystem::path& last) {
  model.arch = options.arch;
  model.head = head_from_name(options.head);
  model.classes = data.dataset.classes;
  model.random = std::make_shared<Generator>(common.seed);
  model.network = make_network(model.arch, {.classes = static_cast<int>(model.classes.size()),
                                            .in_channels = model.input.picture.channels,
                                            .head = model.head,
                                            .drop_path = recipe.drop_path,
                                            .random = model.random});
  if (!last.empty()) {
    read_state(Hdf5File(last), *model.network);
  } else {
    Generator initial(common.seed);
    model.network->initialize(initial);
    if (!options.weights.empty()) {
      const WeightsFile weights = open_weights(options.weights);
      for (const std::string& remark : weights.remarks) say(fmt::format("{}: {}", options.weights, remark));
      const LoadReport report = begin_with(model, weights, options.keep_head);
      say(fmt::format("{}: {}", options.weights, report.text()));
    }
  }
  model.network->to(device);
}

}  // namespace cudenza
