#include "engine/report/plots.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/io/atomic_file.h"
#include "engine/report/plots_gnuplot.h"
#include "engine/run/model_card.h"
#include "engine/run/run_files.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

using C = PlotColours;

/// A plot before it is drawn.
struct Sketch {
  std::string name, title, alt;
  GnuplotScript script;
};
using Sketches = std::vector<Sketch>;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// Tick step of 1, 2 or 5 times a power of ten: an axis of that length gets at most `most` steps.
double nice_step(double length, int most) {
  double step = std::pow(10, std::floor(std::log10(length / most)));
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (length / step <= most) break;
    step *= factor;
  }
  return step;
}

/// Whole numbers below the axis, at most a dozen.
void integer_axis(GnuplotScript& script, const std::vector<EpochRow>& rows) {
  const auto first = static_cast<double>(rows.front().epoch), last = static_cast<double>(rows.back().epoch);
  const double step = std::max(1.0, nice_step(std::max(last - first, 1.0), 12));
  script.line("set xtics {}, {}\nset xrange [{}:{}]", first, step, first - 0.3, last + 0.3);
}

/// A dashed line at the start of each phase but the first.
void mark_phases(GnuplotScript& script, const ModelCard& card) {
  int64_t epoch = 0;
  for (const auto& [name, epochs] : card.training.phases) {
    if (epoch > 0)
      script.line("set arrow from {0}, graph 0 to {0}, graph 1 nohead dt 3 lw 1.5 lc rgb {1}", static_cast<double>(epoch) - 0.5,
                  gnuplot_colour(C::soft));
    epoch += epochs;
  }
}

void draw_history(Sketches& out, const ModelCard& card, const std::vector<EpochRow>& history) {
  if (history.empty()) return;
  std::string rows;
  for (const EpochRow& row : history) {
    const int64_t clips = card.training.valid;
    const double correct = std::isnan(row.accuracy) ? 0 : row.accuracy * static_cast<double>(clips);
    const Interval band = wilson_interval(std::llround(correct), clips);
    rows += fmt::format("{} {} {} {} {} {}\n", row.epoch, row.train_loss, row.valid_loss, 100 * row.accuracy, 100 * band.low,
                        100 * band.high);
  }
  const EpochRow &first = history.front(), &last = history.back();
  const auto best = std::ranges::max_element(history, {}, &EpochRow::accuracy);

  GnuplotScript loss;
  integer_axis(loss, history);
  mark_phases(loss, card);
  loss.data("h", rows).line("set xlabel 'epoch'\nset yrange [0:*]");
  loss.line(
      "plot $h using 1:2 with linespoints lw 2 pt 5 ps 0.5 lc rgb {} title 'training loss', "
      "$h using 1:3 with linespoints lw 2 pt 7 ps 0.6 lc rgb {} title 'validation loss'",
      gnuplot_colour(C::vermilion), gnuplot_colour(C::blue));
  out.push_back({"loss", "Loss by epoch",
                 fmt::format("Training loss falls from {:.3f} to {:.3f}, validation loss goes from {:.3f} to {:.3f}.",
                             first.train_loss, last.train_loss, first.valid_loss, last.valid_loss),
                 loss});

  GnuplotScript accuracy;
  integer_axis(accuracy, history);
  mark_phases(accuracy, card);
  accuracy.data("h", rows).line("set xlabel 'epoch'\nset yrange [0:100]\nset format y '%g %%'");
  accuracy.line(
      "plot $h using 1:5:6 with filledcurves lc rgb {} title '95 % interval', "
      "$h using 1:4 with linespoints lw 2 pt 7 ps 0.6 lc rgb {} title 'validation accuracy'",
      gnuplot_colour(C::blue, 0.2), gnuplot_colour(C::blue));
  out.push_back({"accuracy", "Accuracy by epoch",
                 fmt::format("Validation accuracy goes from {} to {}; the highest is {}, in epoch {}.", percent(first.accuracy),
                             percent(last.accuracy), percent(best->accuracy), best->epoch),
                 accuracy});
}

void draw_schedule(Sketches& out, const std::vector<StepRow>& steps, const std::vector<EpochRow>& history) {
  std::string rows;
  for (const StepRow& row : steps) rows += fmt::format("{} {} {}\n", row.step, row.lr, row.momentum);
  if (steps.empty()) {
    for (const EpochRow& row : history) rows += fmt::format("{} {} nan\n", row.epoch, row.lr);
  }
  if (rows.empty()) return;
  const double first = steps.empty() ? history.front().epoch : steps.front().step;
  const double last = steps.empty() ? history.back().epoch : steps.back().step;
  const double highest =
      steps.empty() ? std::ranges::max(history, {}, &EpochRow::lr).lr : std::ranges::max(steps, {}, &StepRow::lr).lr;
  const bool has_momentum = std::ranges::any_of(steps, [](const StepRow& row) { return row.momentum > 0; });
  GnuplotScript script;
  script.data("s", rows).line("set xlabel '{}'\nset xrange [{}:{}]", steps.empty() ? "epoch" : "step", first,
                              std::max(last, first + 1));
  if (highest > 0) script.line("set yrange [0:{}]\nset format y '%g'\nset ytics {}", 1.05 * highest, nice_step(highest, 5));
  std::string plot = fmt::format("plot $s using 1:2 with lines lw 2 lc rgb {} title 'learning rate{}'", gnuplot_colour(C::blue),
                                 has_momentum ? " (left)" : "");
  if (has_momentum) {
    script.line("set border 11\nset y2range [0.8:1]\nset y2tics 0.05 format '%g' textcolor rgb {}", gnuplot_colour(C::ink));
    plot += fmt::format(", $s using 1:3 axes x1y2 with lines lw 2 dt 2 lc rgb {} title 'momentum (right)'",
                        gnuplot_colour(C::vermilion));
  }
  script.line("{}", plot);
  out.push_back({"schedule", steps.empty() ? "Learning rate by epoch" : "Learning rate and momentum by step",
                 fmt::format("The learning rate of the head; its highest is {:.3g}.", highest), script});
}

void draw_steps(Sketches& out, const std::vector<StepRow>& steps) {
  std::string rows;
  double sum = 0, weight = 0;
  for (const StepRow& row : steps) {
    if (std::isnan(row.loss)) continue;
    sum = 0.9 * sum + 0.1 * row.loss;
    weight = 0.9 * weight + 0.1;
    rows += fmt::format("{} {} {}\n", row.step, row.loss, sum / weight);
  }
  if (rows.empty()) return;
  GnuplotScript script;
  const auto first = static_cast<double>(steps.front().step), last = static_cast<double>(steps.back().step);
  script.data("s", rows).line("set xlabel 'step'\nset yrange [0:*]\nset xrange [{}:{}]", first, std::max(last, first + 1));
  script.line(
      "plot $s using 1:2 with lines lw 1 lc rgb {} title 'loss of the batch', "
      "$s using 1:3 with lines lw 2 lc rgb {} title 'smoothed'",
      gnuplot_colour(C::vermilion, 0.4), gnuplot_colour(C::vermilion));
  out.push_back(
      {"steps", "Training loss by step", fmt::format("Loss of every batch; smoothed, {:.3f} at the end.", sum / weight), script});
}

void draw_recall(Sketches& out, const std::vector<std::string>& classes, const ConfusionMatrix& matrix) {
  if (matrix.accuracy().count == 0) return;
  const auto scores = class_scores(matrix);
  std::vector<size_t> order(classes.size());
  std::iota(order.begin(), order.end(), 0);
  const auto recall = [&](size_t c) { return scores[c].recall.count > 0 ? scores[c].recall.value() : 0; };
  std::ranges::stable_sort(order, std::greater(), recall);
  constexpr size_t kMost = 30;
  const bool is_part = order.size() > kMost;
  if (is_part) order.erase(order.begin(), order.end() - kMost);
  std::string rows;
  std::vector<std::string> names;
  for (size_t i = 0; i < order.size(); ++i) {
    const Proportion& found = scores[order[i]].recall;
    const Interval interval = found.interval();
    rows += fmt::format("{} {} {} {} \"{}/{}\"\n", i, 100 * recall(order[i]), 100 * interval.low, 100 * interval.high,
                        found.successes, found.count);
    names.push_back(classes[order[i]]);
  }
  const auto n = static_cast<int>(order.size());
  constexpr int kWidth = 480;
  GnuplotScript script({.width = kWidth, .height = std::max(160, 64 + 30 * n)});
  const double left = std::min(script.room_for(names), kWidth / 3.0);
  script.data("c", rows);
  script.line("set yrange [{}:-0.6]\nset xrange [0:118]\nset xtics 0,25,100\nset format x '%g %%'", n - 0.4);
  script.line("unset grid\nset grid xtics lc rgb {} lt 1\nset border 2\nunset key\nset tics scale 0", gnuplot_colour(C::line));
  script.line("set lmargin at screen {}", left / kWidth).names_left(names, left);
  script.line(
      "plot $c using ($2/2):1:($2/2):(0.34) with boxxyerror lc rgb {}, $c using 2:1:3:4 with xerrorbars pt 0 lw 1.5 lc rgb {}, "
      "$c using (103):1:5 with labels left tc rgb {}",
      gnuplot_colour(C::blue, 0.55), gnuplot_colour(C::ink), gnuplot_colour(C::ink));
  out.push_back({"recall",
                 is_part ? "Recall of the weakest classes, with 95 % intervals" : "Recall of each class, with 95 % intervals",
                 fmt::format("Best: {}, {}. Worst: {}, {}.", names.front(), percent(recall(order.front())), names.back(),
                             percent(recall(order.back()))),
                 script});
}

/// Replaces names by empty ones where there is no room.
std::vector<std::string> thinned(std::vector<std::string> names, double room_for_one, double font) {
  const auto step = static_cast<size_t>(std::max(1.0, std::ceil(1.1 * font / room_for_one)));
  for (size_t i = 0; i < names.size(); ++i) {
    if (i % step != 0) names[i].clear();
  }
  return names;
}

/// A square grid with a cell for each pair of classes; class names to the left and, slanted, below.
GnuplotScript square_with_names(const std::vector<std::string>& classes) {
  const auto n = static_cast<double>(classes.size());
  // Names and counts shrink with the cells; beyond 24 classes only the shades fit.
  const double font = std::clamp(170 / n, 5.0, 15.0);
  constexpr double kWidth = 480, kEdge = 8, kTitle = 28;
  const double name_length = std::min(GnuplotScript({.font = font}).room_for(classes), kWidth / 3);
  const double left = kTitle + name_length, side = kWidth - left - kEdge, bottom = kTitle + 0.8 * name_length;
  const double height = kEdge + side + bottom;
  GnuplotScript script({.width = static_cast<int>(kWidth), .height = static_cast<int>(height), .font = font});
  script.line("set lmargin at screen {}\nset rmargin at screen {}", left / kWidth, 1 - kEdge / kWidth);
  script.line("set bmargin at screen {}\nset tmargin at screen {}", bottom / height, 1 - kEdge / height);
  script.line("set xrange [-0.5:{0}]\nset yrange [{0}:-0.5]\nunset key\nunset grid", n - 0.5);
  const std::vector<std::string> names = thinned(classes, side / n, font);
  script.names_left(names, name_length).names_below(names, name_length);
  const auto title = [&](std::string_view word, double x, double y, std::string_view how) {
    script.line("set label '{}' at screen {}, screen {} center {} font ',15' textcolor rgb {}", word, x, y, how,
                gnuplot_colour(C::soft));
  };
  title("predicted", (left + side / 2) / kWidth, 0.4 * kTitle / height, "");
  title("actual", 0.5 * kTitle / kWidth, (bottom + side / 2) / height, "rotate by 90");
  return script;
}

void draw_confusion(Sketches& out, const std::vector<std::string>& classes, const ConfusionMatrix& matrix) {
  if (matrix.accuracy().count == 0) return;
  const int64_t n = matrix.classes();
  std::string cells;
  for (int64_t a = 0; a < n; ++a) {
    for (int64_t p = 0; p < n; ++p) {
      if (matrix.at(a, p) == 0) continue;
      const double share = static_cast<double>(matrix.at(a, p)) / static_cast<double>(matrix.actual(a));
      cells += fmt::format("{} {} {} {} {}\n", p, a, gnuplot_colour_number(a == p ? C::blue : C::vermilion, 0.12 + 0.88 * share),
                           matrix.at(a, p), gnuplot_colour_number(share > 0.75 ? C::on_fill : C::ink));
    }
  }
  GnuplotScript script = square_with_names(classes);
  script.data("m", cells).line("set border 15 lc rgb {}", gnuplot_colour(C::line));
  script.line("plot $m using 1:2:(0.47):(0.47):3 with boxxyerror lc rgb variable{}",
              n <= 24 ? ", $m using 1:2:4:5 with labels tc rgb variable" : "");
  const auto pairs = most_confused(matrix);
  const auto name = [&](int64_t c) { return classes[static_cast<size_t>(c)]; };
  out.push_back({"confusion", "Confusion matrix",
                 fmt::format("{} of {} clips lie on the diagonal.{}", matrix.accuracy().successes, matrix.accuracy().count,
                             pairs.empty() ? ""
                                           : fmt::format(" Most often confused: {} taken for {}, {} times.",
                                                         name(pairs[0].actual), name(pairs[0].predicted), pairs[0].count)),
                 script});
}

std::string reliability_rows(const std::vector<ReliabilityBin>& table) {
  int64_t most = 1;
  for (const ReliabilityBin& bin : table) most = std::max(most, bin.count);
  std::string rows;
  for (const ReliabilityBin& bin : table) {
    if (bin.count == 0) continue;
    const double size = 0.4 + 1.2 * std::sqrt(static_cast<double>(bin.count) / static_cast<double>(most));
    rows += fmt::format("{} {} {}\n", 100 * bin.confidence, 100 * Proportion{bin.correct, bin.count}.value(), size);
  }
  return rows;
}

void draw_reliability(Sketches& out, const ModelCard& card, const Scored& probabilities) {
  if (probabilities.count() == 0) return;
  const double temperature = card.calibration.temperature;
  const std::vector<double> after = at_temperature(probabilities, temperature);
  const auto before_table = reliability(probabilities),
             after_table = reliability({after, probabilities.labels, probabilities.classes});
  const double before_ece = expected_calibration_error(before_table), after_ece = expected_calibration_error(after_table);
  GnuplotScript script({.width = 480, .height = 440});
  script.data("b", reliability_rows(before_table)).data("a", reliability_rows(after_table));
  script.line("set xrange [0:100]\nset yrange [0:100]\nset format '%g %%'\nset xlabel 'confidence'\nset ylabel 'accuracy'");
  script.line("set grid xtics ytics lc rgb {} lt 1\nset arrow from 0,0 to 100,100 nohead dt 3 lw 1.5 lc rgb {}",
              gnuplot_colour(C::line), gnuplot_colour(C::soft));
  script.line("set key maxrows 2");
  script.line(
      "plot $b using 1:2 with lines lw 1 dt 2 lc rgb {0} notitle, $b using 1:2:3 with points pt 9 ps variable lc rgb {0} title "
      "'as trained: ECE {1:.3f}', $a using 1:2 with lines lw 2 lc rgb {2} notitle, $a using 1:2:3 with points pt 7 ps variable "
      "lc "
      "rgb {2} title 'at T = {3:.2f}: ECE {4:.3f}'",
      gnuplot_colour(C::vermilion), before_ece, gnuplot_colour(C::blue), temperature, after_ece);
  out.push_back(
      {"reliability", "Accuracy against confidence",
       fmt::format("Accuracy against confidence: the expected calibration error is {:.3f} as trained and {:.3f} at temperature "
                   "{:.2f}. On the dotted line the two are equal; large marks are many clips.",
                   before_ece, after_ece, temperature),
       script});
}

void draw_lr_find(Sketches& out, const LrCurve& curve) {
  if (curve.points.empty()) return;
  std::string rows;
  for (const LrCurve::Point& point : curve.points) rows += fmt::format("{} {}\n", point.lr, point.loss);
  // A diverging loss is unbounded: the axis shows the part before.
  const auto lowest = std::ranges::min(curve.points, {}, &LrCurve::Point::loss).loss;
  const double first = curve.points.front().loss, top = first + 0.5 * std::max(first - lowest, 0.1 * first);
  GnuplotScript script;
  script.data("l", rows).line("set logscale x\nset format x '%.0e'\nset xlabel 'learning rate'\nset xtics 100\nunset mxtics");
  script.line("set xrange [{}:{}]\nset yrange [{}:{}]", curve.points.front().lr, curve.points.back().lr, 0.9 * lowest, top);
  std::string plot = fmt::format("plot $l using 1:2 with lines lw 2 lc rgb {} title 'smoothed loss'", gnuplot_colour(C::blue));
  std::string alt = "Loss against learning rate.";
  if (curve.suggested) {
    const LrCurve::Point& point = curve.points.at(*curve.suggested);
    script.data("v", fmt::format("{} {}\n", point.lr, point.loss));
    plot += fmt::format(", $v using 1:2 with points pt 7 ps 1 lc rgb {} title 'suggested: {:.2g}'", gnuplot_colour(C::vermilion),
                        point.lr);
    alt += fmt::format(" Suggested: {:.2g}.", point.lr);
  }
  out.push_back({"lr_find", "Learning-rate finder", alt, script.line("{}", plot)});
}

}  // namespace

const Plot* Plots::find(std::string_view name) const {
  const auto found = std::ranges::find(drawn, name, &Plot::name);
  return found == drawn.end() ? nullptr : &*found;
}

namespace {

Plots draw_all(const fs::path& run, const Sketches& sketches) {
  Plots plots;
  for (const Sketch& sketch : sketches) {
    try {
      plots.drawn.push_back({sketch.name, sketch.title, sketch.alt, drawn(sketch.script)});
    } catch (const GnuplotError& error) {  // a missing plot must not fail a training
      plots.trouble = fmt::format("{}: {}", sketch.title, error.what());
      continue;
    }
    write_atomically(run / "plots" / (sketch.name + ".svg"), plots.drawn.back().svg);
  }
  return plots;
}

}  // namespace

Plots write_plots(const fs::path& run) {
  if (const std::string trouble = why_no_plots(); !trouble.empty()) return {.drawn = {}, .trouble = trouble};
  const ModelCard card = read_model_card(run);
  const Predictions predictions = read_predictions(run);
  const auto history = read_history(run);
  const auto steps = read_steps(run);
  const auto matrix = confusion_matrix(predictions.labels, predicted_classes(predictions.scored()), predictions.scored().classes);

  Sketches sketches;
  draw_history(sketches, card, history);
  draw_schedule(sketches, steps, history);
  draw_steps(sketches, steps);
  draw_recall(sketches, predictions.classes, matrix);
  draw_confusion(sketches, predictions.classes, matrix);
  draw_reliability(sketches, card, predictions.scored());
  draw_lr_find(sketches, read_lr_curve(run));
  return draw_all(run, sketches);
}

Plots write_lr_plot(const fs::path& folder) {
  if (const std::string trouble = why_no_plots(); !trouble.empty()) return {.drawn = {}, .trouble = trouble};
  Sketches sketches;
  draw_lr_find(sketches, read_lr_curve(folder));
  return draw_all(folder, sketches);
}

}  // namespace cudenza
