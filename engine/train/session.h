/// A training run in its directory: trains, validates, writes history.csv, steps.csv, schedule.csv, TensorBoard's events, best.h5
/// and last.h5 after every epoch. What is killed at any moment goes on from last.h5 to the same bits: the epochs and steps so far
/// stand in it too, and the CSV files, which are for people, are made of them again. Where epochs take less time than files, as a
/// GPU's do on few clips, last.h5 is left at an earlier epoch, but never at the end or where a run is stopped.
#pragma once
#include <chrono>
#include <filesystem>

#include "engine/io/hdf5_file.h"
#include "engine/run/event_file.h"
#include "engine/run/run_files.h"
#include "engine/train/evaluate.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// Clips to validate on. A file of several rows is judged by their mean.
struct Validation {
  std::vector<int64_t> rows;
  std::vector<int> file;        ///< of each row: index into labels
  std::vector<int64_t> labels;  ///< of each file
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
    std::function<void(Hdf5File&)> write_model;  ///< the network and what describes it: makes the file a model
  };
  struct Options {
    std::filesystem::path run;
    int64_t batch_size = 64;  ///< at validation
    bool log_steps = false;   ///< steps.csv
    double saving = 0.2;      ///< part of the time that may go into last.h5 before epochs are left out; 1: none is
    int patience = 0;         ///< epochs without a lower validation loss until run() ends; 0: never
    std::function<bool()> interrupted = [] { return false; };  ///< asked after every batch
    std::function<void(const Trainer::Step&)> on_step = {};
    std::function<void(int64_t rows_done)> on_validation = {};
    std::function<void(const EpochRow&, bool is_best)> on_epoch = {};
  };
  Session(const Parts&, const Options&);

  /// Writes last.h5 of a run that has not trained yet: from now on it can be resumed.
  void begin();
  /// Takes up the run that RUN/last.h5 holds, the network's own tensors apart (the caller has read them). Throws DataError if
  /// best.h5 is not there or cannot be read, although there was a best epoch.
  void resume(const Hdf5File& last);
  /// Trains to the recipe's end or until patience runs out. If interrupted() says so it saves last.h5 and throws Stopped. Throws
  /// DivergedError, last.h5 and best.h5 being those of good epochs.
  void run();
  /// Replaces best.h5, whose weights the network has again, by what write_model() writes now.
  void rewrite_best() const;

  const std::vector<EpochRow>& history() const { return history_; }
  /// Index into history() of the epoch that best.h5 holds: highest accuracy, then lowest loss; -1 before the first.
  int best_epoch() const;
  bool stopped_early() const { return stopped_early_; }

 private:
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
  bool stopped_early_ = false;
  std::chrono::steady_clock::time_point saved_at_;  // when last.h5 was finished
  double seconds_of_saving_ = 0;                    // that it took
  int saved_epochs_ = 0;                            // how many epochs it holds
};

}  // namespace cudenza
