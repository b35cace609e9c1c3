/// Trains a network by a recipe, epoch by epoch. Training can be stopped and resumed between any two batches: all changing
/// state is in position(), state() and the random generator, and a batch depends on seed and epoch alone.
#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "engine/train/phases.h"
#include "engine/train/train_step.h"

namespace cudenza {

/// A loss, weight or prediction became infinite or NaN. The message says where and what to try.
struct DivergedError : DataError {
  using DataError::DataError;
};

/// fastai's smoothed training loss: a moving average with decay 0.98 per batch, restarted with each phase.
struct SmoothLoss {
  double sum = 0;
  int64_t count = 0;
  void add(double loss);
  double value() const;  ///< NaN before the first loss
};

class Trainer {
 public:
  struct Parts {
    Module& network;                     ///< on the input's device
    std::vector<ParameterGroup> groups;  ///< its parameters, the head last
    Input& input;
    std::vector<int64_t> labels;        ///< per row of the input
    std::vector<int64_t> rows;          ///< to train on
    std::shared_ptr<Generator> random;  ///< for the network's dropout
    /// Called when a phase begins or is taken up again, once its groups are frozen: what does not train may be left out.
    std::function<void(const Phase&, bool begins)> on_phase = {};
    std::shared_ptr<Ranks> ranks = std::make_shared<Ranks>();  ///< who share each batch
  };
  /// The network and the input must outlive it. Throws UsageError if the recipe is invalid or there are no rows.
  Trainer(const Parts&, const Recipe&);

  const std::vector<Phase>& phases() const { return phases_; }
  int64_t batches_per_epoch() const { return batches_; }
  int epochs() const;  ///< of all phases

  /// The next batch.
  struct Position {
    int phase = 0, epoch_of_phase = 0;
    int64_t batch = 0;
    int epoch = 0;  ///< counted over all phases
    bool operator==(const Position&) const = default;
  };
  const Position& position() const { return position_; }
  /// Whether the position exists in this training: a saved one may come from another.
  bool has(const Position&) const;
  bool done() const { return position_.phase == static_cast<int>(phases_.size()); }

  struct Step {
    Position at;
    double loss = 0;
    double lr = 0, momentum = 0;  ///< the head's
  };
  /// Called for each batch in order, once its loss has been read. Returning false stops training after that batch.
  using AfterBatch = std::function<bool(const Step&)>;
  /// Trains to the end of the epoch; returns false if stopped before. Throws DivergedError.
  bool run_epoch(const AfterBatch&);

  double smooth_loss() const { return smooth_.value(); }
  double lr() const { return optimizer_.lr(parameters_.groups() - 1); }

  /// While it lives, the network has the averaged weights (if the recipe uses an average), with running statistics recomputed
  /// from some of the training batches.
  class Averaged {
   public:
    explicit Averaged(const Trainer& trainer);
    ~Averaged();
    Averaged(const Averaged&) = delete;
    Averaged& operator=(const Averaged&) = delete;

   private:
    const Trainer& trainer_;
    std::vector<std::pair<Tensor, Tensor>> buffers_;  // the network's, and their values from training
  };

  /// Tensors to save for resuming besides the network's own, by name.
  std::vector<std::pair<std::string, Tensor>> state() const;
  /// Continues from `at`. state()'s tensors, the network and the generator must have been restored.
  void resume(const Position& at, const SmoothLoss& smooth);
  const SmoothLoss& smoothing() const { return smooth_; }

  /// Changes the number of epochs per round. Past epochs stay; from now on learning rates are those of a run of the new
  /// length, and a finished run may continue. Throws UsageError if more epochs are already trained, or if a round with the
  /// old number is over.
  void set_epochs(int epochs);
  /// The error for diverged training: `what` became NaN or infinite after the last step.
  DivergedError diverged(std::string_view what) const;

  Ranks& ranks() const { return *parts_.ranks; }
  /// Whether the result depends on how many ranks there are, beyond rounding: batch norms may go by each rank's own rows.
  bool depends_on_ranks() const;

  Optimizer& optimizer() { return optimizer_; }
  FlatParameters& parameters() { return parameters_; }

 private:
  void begin_phase();
  void share_weights();
  void set_rates();
  void run_batch();
  bool report_losses(const AfterBatch&);
  void advance();
  std::span<const int64_t> rows_of_batch(int64_t batch) const;

  Parts parts_;
  Recipe recipe_;
  FlatParameters parameters_;
  std::vector<Phase> phases_;
  Optimizer optimizer_;
  std::unique_ptr<WeightAverage> average_;
  TrainStep step_;
  uint64_t seed_;
  int64_t batch_size_, batches_;

  Position position_;
  SmoothLoss smooth_;
  std::vector<int64_t> order_;  // rows in this epoch's order
  Step last_step_;              // the last step whose loss was read
  std::vector<Step> unread_;    // enqueued steps whose losses have not been read
  Tensor losses_;               // f32, on the device: losses of unread_
};

}  // namespace cudenza
