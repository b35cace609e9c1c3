/// From options to everything that training needs, in the order it comes into being.
#pragma once
#include "apps/study/compute.h"
#include "apps/study/labelled_rows.h"
#include "apps/study/model_file.h"
#include "apps/study/train_options.h"
#include "engine/run/run_identity.h"
#include "engine/train/kept_input.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// What a run is made of.
struct TrainSetup {
  /// The observer must live as long as this.
  TrainSetup(const Compute&, const TrainOptions&, Observer&);

  /// Reads the data, measures it, makes the network, loads or draws its weights. `last` is the checkpoint of the run that is to
  /// go on: its input, weights and statistics are taken instead.
  void prepare(const std::filesystem::path& last = {});
  /// The same for a run that knows what it is made of: `identity` is filled, but for its options. Throws DataError that names the
  /// first difference if `begun`, which `last` holds, is another.
  void prepare_run(const std::filesystem::path& last, const std::optional<RunIdentity>& begun);
  Trainer::Parts trainer_parts();
  /// From now on the network takes pictures of `input` again, all of its layers run.
  void use_all_layers();

  Compute compute;
  TrainOptions options;
  Observer& observer;
  Device device;
  DType dtype;
  Recipe recipe;
  LabelledRows data;
  Model model;
  std::unique_ptr<Input> input;
  std::unique_ptr<KeptInput> kept;  ///< the same, or what layers that do not train make of it (begin_phase)
  RunIdentity identity;

 private:
  void open(const std::optional<RunIdentity>& begun);
  void know_files();
  void refuse_difference(const std::optional<RunIdentity>& begun) const;
  void prepare_data(const std::filesystem::path& last);
  void prepare_input(const std::filesystem::path& last);
  void prepare_network(const std::filesystem::path& last);
  std::vector<int> all_items() const;
  int64_t room_for_features() const;
  void begin_phase(const Phase&, bool begins);
};

}  // namespace cudenza
