#include "engine/train/train_state.h"

namespace cudenza {
namespace {

constexpr std::string_view kGroup = "train";

}  // namespace

void write_train_state(Hdf5File& file, const Trainer& trainer, const Generator& random) {
  const auto set = [&](std::string_view name, const Hdf5Attribute& value) { file.set_attribute(kGroup, name, value); };
  const Trainer::Position& at = trainer.position();
  set("phase", int64_t{at.phase});
  set("epoch_of_phase", int64_t{at.epoch_of_phase});
  set("batch", at.batch);
  set("epoch", int64_t{at.epoch});
  set("smooth_loss_sum", trainer.smoothing().sum);
  set("smooth_loss_count", trainer.smoothing().count);
  const Generator::State state = random.state();
  set("seed", static_cast<int64_t>(state.seed));
  set("random_step", int64_t{state.step});
  for (const auto& [name, tensor] : trainer.state()) file.write(fmt::format("{}/{}", kGroup, name), tensor);
}

void read_train_state(const Hdf5File& file, Trainer& trainer, Generator& random) {
  if (!file.contains(kGroup)) {
    throw DataError(
        fmt::format("{}: holds a network, but not the state of its training; resume from a last.h5", file.path().string()));
  }
  const auto integer = [&](std::string_view name) { return file.attribute<int64_t>(kGroup, name); };
  for (const auto& [name, tensor] : trainer.state()) {
    const std::string place = fmt::format("{}/{}", kGroup, name);
    if (!file.contains(place) || file.extent(place).shape != tensor.shape()) {
      throw DataError(
          fmt::format("{}: {} does not fit this run: the network, the optimizer or the recipe is another; resume "
                      "with the run's own config.toml",
                      file.path().string(), place));
    }
    tensor.copy_from(file.read(place));
  }
  random.restore({.seed = static_cast<uint64_t>(integer("seed")), .step = static_cast<uint32_t>(integer("random_step"))});
  trainer.resume({.phase = static_cast<int>(integer("phase")),
                  .epoch_of_phase = static_cast<int>(integer("epoch_of_phase")),
                  .batch = integer("batch"),
                  .epoch = static_cast<int>(integer("epoch"))},
                 {file.attribute<double>(kGroup, "smooth_loss_sum"), integer("smooth_loss_count")});
}

}  // namespace cudenza
