#include "engine/report/study_report.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/csv.h"
#include "engine/io/atomic_file.h"
#include "engine/report/plots_gnuplot.h"
#include "engine/report/report_html.h"
#include "engine/run/model_card.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// The network's name alone, if that is unique among the rows.
std::string name_of(const StudyRow& row, const std::vector<StudyRow>& among) {
  const auto same = std::ranges::count(among, row.network, &StudyRow::network);
  return same > 1 && !row.recipe.empty() ? row.network + ", " + row.recipe : row.network;
}

double total_seconds(const StudyRow& row) {
  double sum = 0;
  for (const StudyRow::Run& run : row.runs) sum += run.seconds;
  return sum;
}

/// "176 177 171 of 199": one number per seed.
std::string correct_text(const StudyRow& row) {
  std::string text;
  for (const StudyRow::Run& run : row.runs) text += fmt::format("{}{}", text.empty() ? "" : " ", run.correct().successes);
  return text + fmt::format(" of {}", row.runs.front().correct().count);
}

std::string seeds_text(const StudyRow& row) {
  std::string text;
  for (const StudyRow::Run& run : row.runs) text += fmt::format("{}{}", text.empty() ? "" : " ", run.seed);
  return text;
}

std::string csv_of(const std::vector<StudyRow>& rows) {
  std::string text =
      csv_line({"network", "recipe", "split", "weights", "seed", "correct", "count", "accuracy", "low", "high", "seconds",
                "study_correct", "study_count", "macro_f1", "macro_f1_low", "macro_f1_high", "split_leaks"});
  for (const StudyRow& row : rows) {
    for (const StudyRow::Run& run : row.runs) {
      const Proportion correct = run.correct();
      const Interval interval = correct.interval(), f1_interval = run.f1_interval();
      text +=
          csv_line({row.network, row.recipe, row.split, row.weights, fmt::format("{}", run.seed),
                    fmt::format("{}", correct.successes), fmt::format("{}", correct.count), fmt::format("{}", correct.value()),
                    fmt::format("{}", interval.low), fmt::format("{}", interval.high), fmt::format("{}", run.seconds),
                    row.study ? fmt::format("{}", row.study->successes) : "",
                    row.study ? fmt::format("{}", row.study->count) : "", fmt::format("{}", macro_f1(run.answers)),
                    fmt::format("{}", f1_interval.low), fmt::format("{}", f1_interval.high), row.split_leaks ? "true" : "false"});
    }
  }
  return text;
}

/// For each row a dot with its interval, small dots for its seeds, and a diamond with its interval for the study's figure.
GnuplotScript dots(const std::vector<StudyRow>& rows) {
  using C = PlotColours;
  std::string ours, seeds, study;
  std::vector<std::string> names;
  double lowest = 1;
  for (size_t i = 0; i < rows.size(); ++i) {
    const StudyRow& row = rows[i];
    const Interval interval = row.interval();
    ours += fmt::format("{} {} {} {}\n", 100 * row.accuracy().mean, i, 100 * interval.low, 100 * interval.high);
    for (const StudyRow::Run& run : row.runs) seeds += fmt::format("{} {}\n", 100 * run.correct().value(), i);
    lowest = std::min(lowest, interval.low);
    if (row.study) {
      const Interval theirs = row.study->interval();
      study += fmt::format("{} {} {} {}\n", 100 * row.study->value(), static_cast<double>(i) + 0.28, 100 * theirs.low,
                           100 * theirs.high);
      lowest = std::min(lowest, theirs.low);
    }
    names.push_back(name_of(row, rows));
  }
  constexpr int kWidth = 480;
  GnuplotScript script({.width = kWidth, .height = 96 + 40 * static_cast<int>(rows.size())});
  const double left = std::min(script.room_for(names), kWidth / 2.0);
  script.data("ours", ours).data("seeds", seeds).data("study", study.empty() ? "nan nan nan nan\n" : study);
  script.line("set yrange [{}:-0.5]\nset xrange [{}:100]\nset format x '%g %%'", static_cast<double>(rows.size()) - 0.3,
              std::floor(10 * lowest) * 10);
  script.line("set lmargin at screen {}", left / kWidth).names_left(names, left);
  script.line("unset grid\nset grid xtics lc rgb {} lt 1\nset xtics scale 0\nset border 2", gnuplot_colour(C::line));
  script.line(
      "plot $ours using 1:2:3:4 with xerrorbars pt 7 ps 0.9 lw 2 lc rgb {0} title 'Cudenza, 95 % interval', "
      "$seeds using 1:2 with points pt 6 ps 0.5 lc rgb {1} notitle, "
      "$study using 1:2:3:4 with xerrorbars pt 12 ps 0.9 lw 1 dt 2 lc rgb {2} title 'the study'",
      gnuplot_colour(C::blue), gnuplot_colour(C::ink, 0.6), gnuplot_colour(C::vermilion));
  return script;
}

/// The plot of the rows of one split, also written to OUT/plots.
std::vector<Plot> plots_of(const fs::path& out, const std::vector<std::vector<StudyRow>>& by_split, std::string& trouble) {
  trouble = why_no_plots();
  std::vector<Plot> plots;
  try {
    for (size_t i = 0; i < by_split.size() && trouble.empty(); ++i) {
      const auto& rows = by_split[i];
      const auto best = std::ranges::max_element(rows, {}, [](const StudyRow& row) { return row.accuracy().mean; });
      plots.push_back({.name = fmt::format("study_{}", i + 1),
                       .title = fmt::format("Accuracy, {} split", rows[0].split),
                       .alt = fmt::format("The highest is {} with {}.", best->network, percent_text(best->accuracy().mean)),
                       .svg = drawn(dots(rows))});
      write_atomically(out / "plots" / (plots.back().name + ".svg"), plots.back().svg);
    }
  } catch (const GnuplotError& error) {
    trouble = error.what();
  }
  return plots;
}

std::vector<std::vector<StudyRow>> grouped_by_split(const std::vector<StudyRow>& rows) {
  std::vector<std::vector<StudyRow>> groups;
  for (const StudyRow& row : rows) {
    auto group = std::ranges::find_if(groups, [&](const auto& one) { return one[0].split == row.split; });
    if (group == groups.end()) group = groups.insert(groups.end(), std::vector<StudyRow>());
    group->push_back(row);
  }
  return groups;
}

Html row_name(const StudyRow& row) {
  return element("strong", row.network) + (row.recipe.empty() ? Html() : Html(" ") + element("small", row.recipe));
}

/// "88.44 %" with what it differs by from seed to seed.
Html over_seeds(const std::string& mean, const std::string& deviation, size_t seeds) {
  const Html html = element("strong", mean);
  return seeds > 1 ? html + Html(" ") + element("small", "± " + deviation) : html;
}

Html results_of(const std::vector<StudyRow>& rows) {
  HtmlTable table({{"network", false}, {"accuracy"}, {"95 % interval"}, {"macro-F1"}, {"95 % interval"}, {"the study"}});
  for (const StudyRow& row : rows) {
    const Interval interval = row.interval(), f1_interval = row.f1_interval();
    const auto accuracy = row.accuracy(), f1 = row.macro_f1();
    table.row({row_name(row),
               over_seeds(percent_text(accuracy.mean, 2), fmt::format("{:.2f}", 100 * accuracy.deviation), row.runs.size()),
               interval_text(interval.low, interval.high),
               over_seeds(fmt::format("{:.3f}", f1.mean), fmt::format("{:.3f}", f1.deviation), row.runs.size()),
               text("{:.3f} to {:.3f}", f1_interval.low, f1_interval.high),
               row.study ? percent_text(row.study->value(), 2) : "–"});
  }
  return table.html();
}

Html runs_of(const std::vector<StudyRow>& rows) {
  HtmlTable table({{"network", false}, {"correct"}, {"seeds"}, {"time"}, {"from", false}});
  for (const StudyRow& row : rows)
    table.row({row_name(row), correct_text(row), seeds_text(row), clock_text(total_seconds(row)),
               row.weights.empty() ? "scratch" : row.weights});
  return element("h3", "Each run") + table.html();
}

/// Under each condition the change of the accuracy in points, and the share of clips that are taken for another class.
Html stress_of(const std::vector<StudyRow>& rows) {
  const auto stressed = [](const StudyRow& row) { return !row.stressed().empty(); };
  const auto first = std::ranges::find_if(rows, stressed);
  if (first == rows.end()) return {};
  std::vector<HtmlTable::Column> columns = {{"network", false}};
  for (const StudyRow::Stressed& one : first->stressed()) columns.push_back({one.condition});
  HtmlTable table(columns);
  for (const StudyRow& row : rows) {
    const std::vector<StudyRow::Stressed> conditions = row.stressed();
    std::vector<Html> cells = {row_name(row)};
    for (size_t i = 0; i + 1 < columns.size(); ++i) {
      const auto found = std::ranges::find(conditions, first->stressed()[i].condition, &StudyRow::Stressed::condition);
      if (found == conditions.end()) cells.emplace_back("–");
      else if (i == 0) cells.emplace_back(percent_text(found->accuracy));
      else
        cells.push_back(text("{:+.1f}", 100 * found->change) + Html(" ") +
                        element("small", percent_text(found->answers_changed, 0)));
    }
    table.row(cells);
  }
  const Html words = element("p",
                             "The same clips altered: the change of the accuracy in points, and small the share of clips that "
                             "are then taken for another class.",
                             {{"class", "soft"}});
  return element("h3", "Under stress") + table.html() + words;
}

}  // namespace

void write_study_report(const fs::path& out, const std::vector<StudyRow>& rows) {
  for (const StudyRow& row : rows) require(!row.runs.empty(), "study report: {} has no runs", name_of(row, rows));
  const auto by_split = grouped_by_split(rows);
  std::string trouble;
  const std::vector<Plot> plots = plots_of(out, by_split, trouble);
  Html body =
      element("header", element("p", "Reproduction report", {{"class", "kicker"}}) +
                            element("h1", "Music genres by transfer learning: the study's table, rebuilt") +
                            element("p",
                                    "Each line is a network fine-tuned by the study's recipe, or trained from scratch where its "
                                    "ImageNet weights were not at hand, beside the figure that the study prints. An interval "
                                    "tells what so few clips can tell: two figures within it are not known to differ."));
  for (size_t i = 0; i < by_split.size(); ++i) {
    const Html plot = i < plots.size() ? figure(&plots[i]) : Html();
    body += section(fmt::format("split-{}", i + 1), text("The {} split", by_split[i][0].split),
                    element("p", leak_sentence(by_split[i][0].split_leaks), {{"class", "note"}}) + results_of(by_split[i]) +
                        plot + stress_of(by_split[i]) + runs_of(by_split[i]));
  }
  if (!trouble.empty()) body += element("p", "There are no plots: " + trouble, {{"class", "note"}});
  body += section(
      "reading", "How to read it",
      element("p",
              "Accuracy and macro-F1 are means over the seeds, ± their standard deviation from seed to seed. The accuracy's "
              "interval is Wilson's, 95 %, for the clips of one run, since every seed judges as many and no more. Macro-F1 is "
              "the mean of the classes' F1, each class weighing the same; its interval is found by drawing the tracks of all "
              "seeds anew, 2,000 times. A split drawn at random leaks; one given by lists is as honest as the lists, and the "
              "fault-filtered one is the figure for music that is new."));
  write_atomically(out / "study.csv", csv_of(rows));
  write_atomically(out / "report.html", page("Cudenza – the study, rebuilt", element("main", body)));
}

}  // namespace cudenza
