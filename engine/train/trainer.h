/// Trains a network by a recipe, epoch by epoch, and can be stopped and gone on with between any two batches: all that moves
/// is in position(), state() and the random generator, and what a batch holds depends on seed and epoch alone.
#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "engine/train/phases.h"
#include "engine/train/train_step.h"

namespace cudenza {

/// A loss, a weight or a prediction became infinite or NaN. The message says where and what to try.
struct DivergedError : DataError {
  using DataError::DataError;
};

/// fastai's smoothed training loss: an average whose weights fall by 0.98 a batch, begun anew with each phase.
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
    std::vector<int64_t> labels;        ///< of every row of the input
    std::vector<int64_t> rows;          ///< to train on
    std::shared_ptr<Generator> random;  ///< what the network's dropout draws from
  };
  /// The network and the input must outlive it. Throws UsageError for a recipe that makes no sense, or no rows.
  Trainer(const Parts&, const Recipe&);

  const std::vector<Phase>& phases() const { return phases_; }
  int64_t batches_per_epoch() const { return batches_; }
  int epochs() const;  ///< of all phases

  /// The batch that comes next.
  struct Position {
    int phase = 0, epoch_of_phase = 0;
    int64_t batch = 0;
    int epoch = 0;  ///< counted over all phases
    bool operator==(const Position&) const = default;
  };
  const Position& position() const { return position_; }
  /// Whether this training comes by there: a saved position may be of another one.
  bool has(const Position&) const;
  bool done() const { return position_.phase == static_cast<int>(phases_.size()); }

  struct Step {
    Position at;
    double loss = 0;
    double lr = 0, momentum = 0;  ///< the head's
  };
  /// Called when losses have been read, once for each batch in order. Returning false stops after that batch.
  using AfterBatch = std::function<bool(const Step&)>;
  /// Trains to the end of the epoch; false if it was stopped before. Throws DivergedError.
  bool run_epoch(const AfterBatch&);

  double smooth_loss() const { return smooth_.value(); }
  double lr() const { return optimizer_.lr(parameters_.groups() - 1); }

  /// While it lives the network has the averaged weights, if the recipe asks for an average, and running statistics that some of
  /// the training batches give with them.
  class Averaged {
   public:
    explicit Averaged(const Trainer& trainer);
    ~Averaged();
    Averaged(const Averaged&) = delete;
    Averaged& operator=(const Averaged&) = delete;

   private:
    const Trainer& trainer_;
    std::vector<std::pair<Tensor, Tensor>> buffers_;  // the network's, and what training left in them
  };

  /// Tensors that belong to a resumable state besides the network's own, by name.
  std::vector<std::pair<std::string, Tensor>> state() const;
  /// Goes on from `at` after state()'s tensors, the network and the generator were filled.
  void resume(const Position& at, const SmoothLoss& smooth);
  const SmoothLoss& smoothing() const { return smooth_; }

  /// Goes on with another number of epochs a round. The epochs trained stay; from now on the rates are those that a run of so
  /// many epochs has at this place, and a run that was at its end has more to do. Throws UsageError if so many epochs are trained
  /// already, or a round with the old number is over.
  void set_epochs(int epochs);
  /// The error that says that training came to no good: `what` became no number after the last step.
  DivergedError diverged(std::string_view what) const;

  Optimizer& optimizer() { return optimizer_; }
  FlatParameters& parameters() { return parameters_; }

 private:
  void begin_phase();
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
  Step last_step_;              // the last whose loss was read
  std::vector<Step> unread_;    // steps enqueued whose losses have not been read
  Tensor losses_;               // f32, on the device: losses of unread_
};

}  // namespace cudenza
