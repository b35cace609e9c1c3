/// A training run in its directory: trains, validates, and writes history.csv, steps.csv, schedule.csv, TensorBoard events,
/// best.h5 and last.h5 after every epoch. A run that was killed resumes from last.h5 to the same bits: it holds all epochs
/// and steps so far, from which the CSV files (for people) are rewritten. If epochs take less time than writing, as on a GPU
/// with few clips, last.h5 may skip epochs, but never the last one or the one where a run stops. Of several ranks
/// the first writes.
#pragma once
#include <chrono>
#include <filesystem>

#include "engine/io/hdf5_file.h"
#include "engine/run/event_file.h"
#include "engine/run/run_files.h"
#include "engine/train/evaluate.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// Validation clips. A file with several rows is judged by their mean.
struct Validation {
  std::vector<int64_t> rows;
  std::vector<int> file;        ///< per row: index into labels
  std::vector<int64_t> labels;  ///< per file
};
/// Probabilities of the files, [files, classes]. Throws NotFiniteError.
std::vector<double> evaluate_files(Module&, Input&, const Validation&, const EvaluateSpec&);

class Session {
 public:
  struct Parts {
    Trainer& trainer;
    Module& network;
    Input& input;
    Generator& random;
    Validation validation;
    std::function<void(Hdf5File&)> write_model;  ///< writes the network and its description: makes the file a model
  };
  struct Options {
    std::filesystem::path run;
    int64_t batch_size = 64;  ///< at validation
    bool log_steps = false;   ///< steps.csv
    double saving = 0.2;      ///< fraction of time for writing last.h5 before epochs are skipped; 1: skip none
    int patience = 0;         ///< run() ends after so many epochs without a lower validation loss; 0: never
    std::function<bool()> interrupted = [] { return false; };  ///< called after every batch
    std::function<void(const Trainer::Step&)> on_step = {};
    std::function<void(int64_t rows_done)> on_validation = {};
    /// Called after each epoch with all so far.
    std::function<void(std::span<const EpochRow>, bool is_best)> on_epoch = {};
  };
  Session(const Parts&, const Options&);

  /// Writes last.h5 before the first epoch: from now on the run can be resumed.
  void begin();
  /// Resumes the run in RUN/last.h5; the caller has already loaded the network's tensors. Throws DataError if there was a
  /// best epoch but best.h5 is missing or unreadable.
  void resume(const Hdf5File& last);
  /// Trains to the recipe's end or until patience runs out. If interrupted() returns true, saves last.h5 and throws Stopped.
  /// Throws DivergedError; last.h5 and best.h5 then hold good epochs.
  void run();
  /// Rewrites best.h5 with write_model(). The network must hold best.h5's weights again.
  void rewrite_best() const;

  const std::vector<EpochRow>& history() const { return history_; }
  /// Index into history() of the epoch that best.h5 holds: highest accuracy, then lowest loss; -1 before the first.
  int best_epoch() const;
  bool stopped_early() const { return stopped_early_; }

 private:
  bool writes() const { return parts_.trainer.ranks().is_first(); }
  bool is_interrupted() const { return parts_.trainer.ranks().any(options_.interrupted()); }
  void note(const Trainer::Step&);
  EpochRow validate(double seconds_of_training);
  std::vector<double> validation_probabilities();
  void refuse_not_finite() const;
  void write_csv_files() const;
  void finish_epoch(const EpochRow&);
  void save_last();
  bool saving_is_due() const;
  [[noreturn]] void throw_stopped() const;
  bool out_of_patience() const;

  Parts parts_;
  Options options_;
  std::vector<EpochRow> history_;
  std::vector<StepRow> steps_;
  std::unique_ptr<EventFile> events_;
  bool is_begun_ = false, stopped_early_ = false;
  std::chrono::steady_clock::time_point saved_at_;  // when last.h5 was written
  double seconds_of_saving_ = 0;                    // for the last save
  int saved_epochs_ = 0;                            // epochs in last.h5
};

}  // namespace cudenza
