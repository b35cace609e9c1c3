#include "engine/train/train_state.h"

#include <cmath>
#include <limits>

#include "engine/nn/checkpoint.h"

namespace cudenza {
namespace {

constexpr std::string_view kGroup = "train";
constexpr std::string_view kWords = "step_state";  // the optimizer kernels' counters and flags, not learned numbers

std::string place_of(std::string_view name) { return fmt::format("{}/{}", kGroup, name); }

/// The state without the tensors.
struct Progress {
  Trainer::Position at;
  SmoothLoss smooth;
  Generator::State random;
};

/// Throws DataError for values that this trainer cannot have, such as a batch or phase that does not exist.
Progress read_progress(const Hdf5File& file, const Trainer& trainer, const Generator& random) {
  const auto fail = [&](std::string_view what) {
    throw DataError(fmt::format("{}: its training {} does not fit this run: it is damaged, or of another run; train anew",
                                file.path().string(), what));
  };
  const auto integer = [&](std::string_view name) { return file.attribute<int64_t>(kGroup, name); };
  const auto small = [&](std::string_view name) {
    const int64_t value = integer(name);
    if (value < 0 || value > std::numeric_limits<int>::max()) fail(fmt::format("position ({} {})", name, value));
    return static_cast<int>(value);
  };
  const Progress progress{
      .at = {.phase = small("phase"),
             .epoch_of_phase = small("epoch_of_phase"),
             .batch = small("batch"),
             .epoch = small("epoch")},
      .smooth = {.sum = file.attribute<double>(kGroup, "smooth_loss_sum"), .count = integer("smooth_loss_count")},
      .random = {.seed = static_cast<uint64_t>(integer("seed")), .step = static_cast<uint32_t>(integer("random_step"))}};
  const Trainer::Position& at = progress.at;
  if (!trainer.has(at))
    fail(fmt::format("position (phase {}, epoch {} of it, batch {}, epoch {} of all)", at.phase, at.epoch_of_phase, at.batch,
                     at.epoch));
  const int64_t batches = at.epoch * trainer.batches_per_epoch() + at.batch;
  if (!std::isfinite(progress.smooth.sum) || progress.smooth.count < 0 || progress.smooth.count > batches)
    fail(fmt::format("loss ({} of {} batches)", progress.smooth.sum, progress.smooth.count));
  if (progress.random.seed != random.state().seed) fail(fmt::format("seed ({})", integer("seed")));
  if (integer("random_step") != int64_t{progress.random.step} || progress.random.step > batches)
    fail(fmt::format("random step ({})", integer("random_step")));
  return progress;
}

void check_tensor(const Hdf5File& file, const std::string& name, const Tensor& tensor) {
  const std::string place = place_of(name);
  if (!file.contains(place) || file.extent(place).shape != tensor.shape()) {
    throw DataError(
        fmt::format("{}: {} does not fit this run: the network, the optimizer or the recipe is another; resume "
                    "with the run's own config.toml",
                    file.path().string(), place));
  }
  if (holds_numbers(name)) require_finite(file, place, file.read(place), "it cannot be gone on from: train anew");
}

/// Refuses what another number of ranks would train otherwise.
void check_ranks(const Hdf5File& file, const Trainer& trainer) {
  const auto ranks = file.attribute_or<int64_t>(kGroup, "ranks", 1);
  require(
      ranks == trainer.ranks().size() || !trainer.depends_on_ranks(),
      "{}: was trained by {} process(es), and batch norms went by each one's part of a batch: {} would train another network; "
      "start {} again (mpirun -n {}). A run with `sync_batch_norm`, or of a network without batch norm, goes on with any number",
      file.path().string(), ranks, trainer.ranks().size(), ranks, ranks);
}

}  // namespace

bool holds_numbers(std::string_view name) { return name != kWords; }

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
  set("epochs", trainer.phases().back().epochs);
  set("seed", static_cast<int64_t>(state.seed));
  set("random_step", int64_t{state.step});
  set("ranks", trainer.ranks().size());
  for (const auto& [name, tensor] : trainer.state()) {
    if (holds_numbers(name))
      require_finite(file, place_of(name), tensor, "it is not saved: the training diverged; try a lower `lr`");
    file.write(place_of(name), tensor);
  }
}

void read_train_state(const Hdf5File& file, Trainer& trainer, Generator& random) {
  if (!file.contains(kGroup)) {
    throw DataError(
        fmt::format("{}: holds a network, but not the state of its training; resume from a last.h5", file.path().string()));
  }
  check_ranks(file, trainer);
  const Progress progress = read_progress(file, trainer, random);
  for (const auto& [name, tensor] : trainer.state()) check_tensor(file, name, tensor);
  for (const auto& [name, tensor] : trainer.state()) tensor.copy_from(file.read(place_of(name)));
  random.restore(progress.random);
  trainer.resume(progress.at, progress.smooth);
}

int saved_epochs(const Hdf5File& file) {
  const auto epochs = file.attribute<int64_t>(kGroup, "epochs");
  if (epochs > 0 && epochs <= std::numeric_limits<int>::max()) return static_cast<int>(epochs);
  throw DataError(fmt::format("{}: says that {} epochs are planned: it is damaged; train anew", file.path().string(), epochs));
}

}  // namespace cudenza
