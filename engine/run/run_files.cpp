#include "engine/run/run_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/csv.h"
#include "engine/data/track.h"
#include "engine/io/atomic_file.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// The shortest digits that give the number back; empty for NaN.
std::string exact(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

/// A CSV whose first line names its columns.
class Table {
 public:
  explicit Table(const fs::path& path) : Table(path, read_csv(path)) {}
  Table(const fs::path& path, std::vector<CsvRow> rows) : path_(path), rows_(std::move(rows)) {
    if (rows_.empty()) throw DataError(fmt::format("{}: is empty", path_.string()));
  }

  size_t rows() const { return rows_.size() - 1; }
  const std::vector<std::string>& names() const { return rows_[0].fields; }
  bool has(std::string_view name) const { return std::ranges::find(names(), name) != names().end(); }
  size_t column(std::string_view name) const {
    const auto found = std::ranges::find(names(), name);
    if (found == names().end()) fail(rows_[0], fmt::format("has no column '{}'", name));
    return static_cast<size_t>(found - names().begin());
  }

  const std::string& text(size_t row, size_t column) const {
    const CsvRow& at = rows_[row + 1];
    if (at.fields.size() != names().size())
      fail(at, fmt::format("has {} fields, but there are {} columns", at.fields.size(), names().size()));
    return at.fields[column];
  }
  double number(size_t row, size_t column) const {
    const std::string& field = text(row, column);
    return field.empty() ? std::nan("") : parse<double>(row, column);
  }
  int64_t integer(size_t row, size_t column) const { return parse<int64_t>(row, column); }

  [[noreturn]] void fail(size_t row, std::string_view what) const { fail(rows_[row + 1], what); }

 private:
  [[noreturn]] void fail(const CsvRow& row, std::string_view what) const {
    throw DataError(fmt::format("{}:{}: {}", path_.string(), row.line, what));
  }
  template <class T> T parse(size_t row, size_t column) const {
    const std::string& field = text(row, column);
    T value{};
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size())
      fail(row, fmt::format("'{}' in column '{}' is not a number", field, names()[column]));
    return value;
  }

  fs::path path_;
  std::vector<CsvRow> rows_;
};

std::optional<Table> table_if_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) ? std::optional<Table>(path) : std::nullopt;
}

void write_step_rows(const fs::path& path, const std::vector<StepRow>& rows, bool with_loss) {
  std::string text = with_loss ? "step,loss,lr,momentum\n" : "step,lr,momentum\n";
  for (const StepRow& row : rows) {
    text += with_loss ? fmt::format("{},{},", row.step, exact(row.loss)) : fmt::format("{},", row.step);
    text += fmt::format("{},{}\n", exact(row.lr), exact(row.momentum));
  }
  write_atomically(path, text);
}

}  // namespace

namespace {

std::string history_text(std::span<const EpochRow> rows) {
  std::string text = "epoch,train_loss,valid_loss,accuracy,lr,time\n";
  for (const EpochRow& row : rows)
    text += fmt::format("{},{},{},{},{},{}\n", row.epoch, exact(row.train_loss), exact(row.valid_loss), exact(row.accuracy),
                        exact(row.lr), exact(row.time));
  return text;
}

std::vector<EpochRow> history_of(const Table& table) {
  const size_t epoch = table.column("epoch"), train = table.column("train_loss"), valid = table.column("valid_loss"),
               accuracy = table.column("accuracy"), lr = table.column("lr"), time = table.column("time");
  std::vector<EpochRow> rows;
  for (size_t i = 0; i < table.rows(); ++i)
    rows.push_back({.epoch = table.integer(i, epoch),
                    .train_loss = table.number(i, train),
                    .valid_loss = table.number(i, valid),
                    .accuracy = table.number(i, accuracy),
                    .lr = table.number(i, lr),
                    .time = table.number(i, time)});
  return rows;
}

constexpr std::string_view kProgress = "run", kHistory = "history", kSteps = "run/steps";

}  // namespace

void write_history(const fs::path& run, const std::vector<EpochRow>& rows) {
  write_atomically(run / "history.csv", history_text(rows));
}

std::vector<EpochRow> read_history(const fs::path& run) {
  const auto table = table_if_there(run / "history.csv");
  return table ? history_of(*table) : std::vector<EpochRow>();
}

// The history is a text attribute: two bit-identical runs differ in their seconds, and only data sets are compared.
void save_history(Hdf5File& file, std::span<const EpochRow> rows) { file.set_attribute(kProgress, kHistory, history_text(rows)); }

void save_steps(Hdf5File& file, std::span<const StepRow> rows) {
  if (rows.empty()) return;
  std::vector<double> values;
  for (const StepRow& row : rows) values.insert(values.end(), {static_cast<double>(row.step), row.loss, row.lr, row.momentum});
  file.write(kSteps, Tensor::from(values, {std::ssize(rows), 4}));
}

bool holds_history(const Hdf5File& file) { return file.contains(kProgress) && file.has_attribute(kProgress, kHistory); }

std::vector<EpochRow> saved_history(const Hdf5File& file) {
  return history_of({file.path(), parse_csv(file.attribute<std::string>(kProgress, kHistory), file.path())});
}

std::vector<StepRow> saved_steps(const Hdf5File& file) {
  if (!file.contains(kSteps)) return {};
  const Hdf5File::Extent extent = file.extent(kSteps);
  if (extent.dtype != DType::f64 || extent.shape.rank() != 2 || extent.shape[1] != 4)
    throw DataError(fmt::format("{}: {} is not a table of steps", file.path().string(), kSteps));
  const std::vector<double> values = file.read(kSteps).to_vector<double>();
  std::vector<StepRow> rows;
  for (size_t i = 0; i + 3 < values.size(); i += 4)
    rows.push_back({static_cast<int64_t>(values[i]), values[i + 1], values[i + 2], values[i + 3]});
  return rows;
}

void write_steps(const fs::path& run, const std::vector<StepRow>& rows) { write_step_rows(run / "steps.csv", rows, true); }
void write_schedule(const fs::path& run, const std::vector<StepRow>& rows) { write_step_rows(run / "schedule.csv", rows, false); }

std::vector<StepRow> read_steps(const fs::path& run) {
  auto table = table_if_there(run / "steps.csv");
  if (!table) table = table_if_there(run / "schedule.csv");
  if (!table) return {};
  const size_t step = table->column("step"), lr = table->column("lr"), momentum = table->column("momentum");
  const bool has_loss = table->has("loss");
  const size_t loss = has_loss ? table->column("loss") : 0;
  std::vector<StepRow> rows;
  for (size_t i = 0; i < table->rows(); ++i)
    rows.push_back({.step = table->integer(i, step),
                    .loss = has_loss ? table->number(i, loss) : std::nan(""),
                    .lr = table->number(i, lr),
                    .momentum = table->number(i, momentum)});
  return rows;
}

namespace {
constexpr std::string_view kClassColumn = "probability_";
}

Answers Predictions::answers() const {
  Answers answers{.labels = labels, .predicted = predicted_classes(scored()), .tracks = tracks, .classes = scored().classes};
  if (tracks.empty()) {
    for (const std::string& file : files) answers.tracks.push_back(track_of({.path = file, .label = 0, .split = {}}));
  }
  return answers;
}

void write_predictions(const fs::path& run, const Predictions& all) {
  const std::vector<int64_t> predicted = predicted_classes(all.scored());
  require(all.files.size() == all.labels.size(), "predictions: {} files, but {} labels", all.files.size(), all.labels.size());
  std::vector<std::string> fields = {"file", "label", "predicted", "probability"};
  for (const std::string& name : all.classes) fields.push_back(std::string(kClassColumn) + name);
  std::string text = csv_line(fields);
  for (size_t n = 0; n < all.files.size(); ++n) {
    const auto row = all.scored().row(static_cast<int64_t>(n));
    const auto best = static_cast<size_t>(predicted[n]);
    fields = {all.files[n], all.classes[static_cast<size_t>(all.labels[n])], all.classes[best], fmt::format("{:.9g}", row[best])};
    for (const double p : row) fields.push_back(fmt::format("{:.9g}", p));
    text += csv_line(fields);
  }
  write_atomically(run / "predictions.csv", text);
}

Predictions read_predictions(const fs::path& run) {
  const Table table(run / "predictions.csv");
  const size_t file = table.column("file"), label = table.column("label");
  Predictions all;
  std::vector<size_t> columns;
  for (size_t c = 0; c < table.names().size(); ++c) {
    if (!table.names()[c].starts_with(kClassColumn)) continue;
    all.classes.push_back(table.names()[c].substr(kClassColumn.size()));
    columns.push_back(c);
  }
  for (size_t n = 0; n < table.rows(); ++n) {
    const std::string& name = table.text(n, label);
    const auto found = std::ranges::find(all.classes, name);
    if (found == all.classes.end()) table.fail(n, fmt::format("label '{}' has no column 'probability_{}'", name, name));
    all.files.push_back(table.text(n, file));
    all.labels.push_back(found - all.classes.begin());
    for (const size_t c : columns) {
      all.probabilities.push_back(table.number(n, c));
      const double p = all.probabilities.back();
      if (!(p >= 0 && p <= 1)) table.fail(n, fmt::format("'{}' is not a probability", table.text(n, c)));
    }
  }
  return all;
}

void write_confusion(const fs::path& run, const std::vector<std::string>& classes, const ConfusionMatrix& matrix) {
  std::vector<std::string> fields = {"actual\\predicted"};
  fields.insert(fields.end(), classes.begin(), classes.end());
  std::string text = csv_line(fields);
  for (int64_t a = 0; a < matrix.classes(); ++a) {
    fields = {classes[static_cast<size_t>(a)]};
    for (int64_t p = 0; p < matrix.classes(); ++p) fields.push_back(fmt::format("{}", matrix.at(a, p)));
    text += csv_line(fields);
  }
  write_atomically(run / "confusion.csv", text);
}

void write_splits(const fs::path& run, const std::vector<SplitRow>& rows) {
  std::string text = csv_line({"file", "label", "split"});
  for (const SplitRow& row : rows) text += csv_line({row.file, row.label, row.split});
  write_atomically(run / "splits.csv", text);
}

std::vector<SplitRow> read_splits(const fs::path& run) {
  const auto table = table_if_there(run / "splits.csv");
  if (!table) return {};
  const size_t file = table->column("file"), label = table->column("label"), split = table->column("split");
  std::vector<SplitRow> rows;
  for (size_t i = 0; i < table->rows(); ++i) rows.push_back({table->text(i, file), table->text(i, label), table->text(i, split)});
  return rows;
}

void write_stress(const fs::path& run, const std::vector<StressRow>& rows) {
  std::string text = csv_line({"condition", "correct", "count", "accuracy", "low", "high", "macro_f1", "macro_f1_low",
                               "macro_f1_high", "change", "answers_changed"});
  for (const StressRow& row : rows) {
    const Interval interval = row.correct.interval();
    text += csv_line({row.condition, fmt::format("{}", row.correct.successes), fmt::format("{}", row.correct.count),
                      exact(row.correct.value()), exact(interval.low), exact(interval.high), exact(row.macro_f1),
                      exact(row.macro_f1_interval.low), exact(row.macro_f1_interval.high),
                      exact(row.correct.value() - rows[0].correct.value()), exact(row.answers_changed.value())});
  }
  write_atomically(run / kStressName, text);
}

std::vector<StressRow> read_stress(const fs::path& run) {
  const auto table = table_if_there(run / kStressName);
  if (!table) return {};
  const size_t condition = table->column("condition"), correct = table->column("correct"), count = table->column("count"),
               f1 = table->column("macro_f1"), low = table->column("macro_f1_low"), high = table->column("macro_f1_high"),
               changed = table->column("answers_changed");
  std::vector<StressRow> rows;
  for (size_t i = 0; i < table->rows(); ++i) {
    const Proportion right{table->integer(i, correct), table->integer(i, count)};
    const double share = table->number(i, changed);
    if (right.successes < 0 || right.successes > right.count || !(share >= 0 && share <= 1))
      table->fail(i, "its numbers of clips are impossible");
    rows.push_back({.condition = table->text(i, condition),
                    .correct = right,
                    .macro_f1 = table->number(i, f1),
                    .macro_f1_interval = {table->number(i, low), table->number(i, high)},
                    .answers_changed = {std::llround(share * static_cast<double>(right.count)), right.count}});
  }
  return rows;
}

void write_lr_curve(const fs::path& run, const LrCurve& curve) {
  std::string text = "lr,loss,suggested\n";
  for (size_t i = 0; i < curve.points.size(); ++i)
    text += fmt::format("{},{},{:d}\n", exact(curve.points[i].lr), exact(curve.points[i].loss), curve.suggested == i);
  write_atomically(run / "lr_find.csv", text);
}

LrCurve read_lr_curve(const fs::path& run) {
  const auto table = table_if_there(run / "lr_find.csv");
  LrCurve curve;
  if (!table) return curve;
  const size_t lr = table->column("lr"), loss = table->column("loss"), suggested = table->column("suggested");
  for (size_t i = 0; i < table->rows(); ++i) {
    curve.points.push_back({table->number(i, lr), table->number(i, loss)});
    if (table->integer(i, suggested) != 0) curve.suggested = i;
  }
  return curve;
}

void write_mistakes(const fs::path& run, const std::vector<Mistake>& rows) {
  std::string text = csv_line({"file", "actual", "predicted", "probability", "loss", "picture"});
  for (const Mistake& row : rows)
    text += csv_line({row.file, row.actual, row.predicted, exact(row.probability), exact(row.loss), row.picture});
  write_atomically(run / "mistakes" / "mistakes.csv", text);
}

std::vector<Mistake> read_mistakes(const fs::path& run) {
  const auto table = table_if_there(run / "mistakes" / "mistakes.csv");
  if (!table) return {};
  const size_t file = table->column("file"), actual = table->column("actual"), predicted = table->column("predicted"),
               probability = table->column("probability"), loss = table->column("loss"), picture = table->column("picture");
  std::vector<Mistake> rows;
  for (size_t i = 0; i < table->rows(); ++i)
    rows.push_back({.file = table->text(i, file),
                    .actual = table->text(i, actual),
                    .predicted = table->text(i, predicted),
                    .probability = table->number(i, probability),
                    .loss = table->number(i, loss),
                    .picture = table->text(i, picture)});
  return rows;
}

}  // namespace cudenza
