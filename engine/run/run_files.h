/// The text files of a run directory: training writes them; the report and other tools read them. Every file is written
/// atomically. Readers throw DataError naming the file and the line, unless noted that a file may be absent. What a run needs to
/// resume is also in last.h5.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/hdf5_file.h"
#include "engine/run/bootstrap.h"
#include "engine/run/metrics.h"

namespace cudenza {

/// history.csv: epoch,train_loss,valid_loss,accuracy,lr,time. Epochs count from 0 across all phases of a recipe.
struct EpochRow {
  int64_t epoch = 0;
  double train_loss = 0;  ///< smoothed over steps
  double valid_loss = 0, accuracy = 0;
  double lr = 0;    ///< learning rate of the head at the epoch's last step
  double time = 0;  ///< seconds, training and validation
};
void write_history(const std::filesystem::path& run, const std::vector<EpochRow>&);
std::vector<EpochRow> read_history(const std::filesystem::path& run);  ///< empty if absent

/// steps.csv: step,loss,lr,momentum, on request; schedule.csv: the same without the loss, always.
struct StepRow {
  int64_t step = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();  ///< of the step's batch; NaN: not recorded
  double lr = 0;                                           ///< learning rate of the head
  double momentum = 0;                                     ///< SGD's momentum or Adam's beta1
};
void write_steps(const std::filesystem::path& run, const std::vector<StepRow>&);     ///< steps.csv
void write_schedule(const std::filesystem::path& run, const std::vector<StepRow>&);  ///< schedule.csv
std::vector<StepRow> read_steps(const std::filesystem::path& run);                   ///< of either file; empty if absent

/// History, and steps with losses, in last.h5 (group "run"); the history up to its epoch also in best.h5.
void save_history(Hdf5File&, std::span<const EpochRow>);
void save_steps(Hdf5File&, std::span<const StepRow>);
bool holds_history(const Hdf5File&);  ///< false for files of older versions
std::vector<EpochRow> saved_history(const Hdf5File&);
std::vector<StepRow> saved_steps(const Hdf5File&);

/// predictions.csv: file,label,predicted,probability and `probability_<class>` for each class. Probabilities are the network's
/// own, before the temperature of model_card.json.
struct Predictions {
  std::vector<std::string> classes;
  std::vector<std::string> files;     ///< [N]
  std::vector<int64_t> labels;        ///< [N]
  std::vector<double> probabilities;  ///< [N, classes]; the file has 9 digits, enough to distinguish floats
  /// [N], the tracks that the files are of (track_of()). The file has none: read again they are told by the files' names.
  std::vector<std::string> tracks = {};

  Answers answers() const;
  Scored scored() const { return {probabilities, labels, static_cast<int64_t>(classes.size())}; }
};
void write_predictions(const std::filesystem::path& run, const Predictions&);
Predictions read_predictions(const std::filesystem::path& run);

/// confusion.csv: one row per actual class, one column per predicted class. The first column and the header name them.
void write_confusion(const std::filesystem::path& run, const std::vector<std::string>& classes, const ConfusionMatrix&);

/// splits.csv: file,label,split, where split is train, valid or test.
struct SplitRow {
  std::string file, label, split;
};
void write_splits(const std::filesystem::path& run, const std::vector<SplitRow>&);
std::vector<SplitRow> read_splits(const std::filesystem::path& run);  ///< empty if absent

/// stress.csv: condition,correct,count,accuracy,low,high,macro_f1,macro_f1_low,macro_f1_high,change,answers_changed. The first
/// row is the clips as they are.
struct StressRow {
  std::string condition;  ///< "tempo +6 %"
  Proportion correct;
  double macro_f1 = 0;
  Interval macro_f1_interval;  ///< NaN without clips
  Proportion answers_changed;  ///< the clips that are taken for another class than when they are as they are
};
inline constexpr const char* kStressName = "stress.csv";
void write_stress(const std::filesystem::path& run, const std::vector<StressRow>&);
std::vector<StressRow> read_stress(const std::filesystem::path& run);  ///< empty if absent

/// lr_find.csv: lr,loss,suggested; the last is 1 at the suggested learning rate and 0 elsewhere.
struct LrCurve {
  struct Point {
    double lr = 0, loss = 0;  ///< smoothed
  };
  std::vector<Point> points;
  std::optional<size_t> suggested;  ///< index into points
};
void write_lr_curve(const std::filesystem::path& run, const LrCurve&);
LrCurve read_lr_curve(const std::filesystem::path& run);  ///< empty if absent

/// mistakes/mistakes.csv: file,actual,predicted,probability,loss,picture. `picture` is a PNG in mistakes/, or empty.
struct Mistake {
  std::string file, actual, predicted;
  double probability = 0;  ///< of `predicted`
  double loss = 0;
  std::string picture;
};
void write_mistakes(const std::filesystem::path& run, const std::vector<Mistake>&);
std::vector<Mistake> read_mistakes(const std::filesystem::path& run);  ///< empty if absent

}  // namespace cudenza
