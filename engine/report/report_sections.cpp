#include "engine/report/report_sections.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/run/run_folder.h"

namespace cudenza {
namespace {

/// "the validation clips" of card.result.split.
std::string split_word(const std::string& split) { return split == "valid" ? "validation" : split; }

Html tiles(const std::vector<std::pair<std::string, std::string>>& facts) {
  Html all;
  for (const auto& [name, value] : facts) all += element("div", element("dt", name) + element("dd", value));
  return element("dl", all, {{"class", "tiles"}});
}

Html facts_table(const Facts& facts) {
  if (facts.empty()) return {};
  Html rows;
  for (const auto& [name, fact] : facts)
    rows += element("tr", element("th", name, {{"scope", "row"}}) + element("td", text_of(fact))) + Html::raw("\n");
  return element("table", element("tbody", rows), {{"class", "facts"}});
}

Html titled(const Html& title, const Html& content) { return content.empty() ? Html() : element("h3", title) + content; }

/// A path that may wrap after its slashes.
Html path_text(std::string_view path) {
  Html html;
  for (size_t slash; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1))
    html += Html(path.substr(0, slash + 1)) + Html::raw("<wbr>");
  return html + path;
}

/// "pop" in bold.
Html strong(const std::string& word) { return element("strong", word); }

/// Share of the most frequent class: the accuracy of always predicting it.
double share_of_largest_class(const RunFacts& run) {
  int64_t most = 0;
  for (int64_t c = 0; c < run.matrix.classes(); ++c) most = std::max(most, run.matrix.actual(c));
  return Proportion{most, run.matrix.accuracy().count}.value();
}

/// Whether the clips judged were drawn at random. Cards of version 0.1 do not say, but name the split.
std::optional<bool> leaks(const ModelCard& card) {
  if (card.result.split_leaks) return card.result.split_leaks;
  const std::string& split = card.training.split;
  return split.starts_with("random") || split.starts_with("stratified") ? std::optional(true) : std::nullopt;
}

/// The text between these two; nothing if there is none.
std::string if_known(const char* before, const std::string& text, const char* after = "") {
  return text.empty() ? "" : before + text + after;
}

}  // namespace

Html headline(const RunFacts& run) {
  const ModelCard& card = run.card;
  const Proportion right = run.matrix.accuracy();
  const Interval interval = right.interval();
  const Answers answers = run.predictions.answers();
  const Interval f1 = macro_f1_interval(std::span(&answers, 1));
  const std::string head = card.head.empty() ? "" : fmt::format(" with a {} head", card.head);
  const std::string start = card.weights.empty() ? "trained from scratch" : "trained from the weights in " + card.weights;
  Html html = element("p", "Training report", {{"class", "kicker"}}) + element("h1", card.name);
  html += element("p", text("{}{}, {:.1f} million parameters, {}, tells {} classes apart.", card.arch, head,
                            static_cast<double>(card.parameters) / 1e6, start, run.predictions.classes.size()));
  const Html words = element("p", strong(fmt::format("{} of {}", right.successes, right.count)) +
                                      text(" {} clips are right.", split_word(card.result.split))) +
                     interval_bar(right.value(), interval.low, interval.high) +
                     element("p",
                             text("95 % interval: {}. Always naming the most frequent class: {}.",
                                  interval_text(interval.low, interval.high), percent_text(share_of_largest_class(run))),
                             {{"class", "soft"}}) +
                     element("p",
                             text("Macro-F1, where each class weighs the same: {:.3f}, 95 % interval {:.3f} to {:.3f}.",
                                  macro_f1(run.scores), f1.low, f1.high),
                             {{"class", "soft"}});
  html += element("div", element("strong", percent_text(right.value())) + element("div", words), {{"class", "hero"}});
  if (const auto leak = leaks(card)) html += element("p", leak_sentence(*leak), {{"class", "note"}});

  const Scored scored = run.predictions.scored();
  double seconds = 0;
  for (const EpochRow& row : run.history) seconds += row.time;
  std::vector<std::pair<std::string, std::string>> facts = {{"loss", fmt::format("{:.4f}", negative_log_likelihood(scored))},
                                                            {"macro-F1", fmt::format("{:.3f}", macro_f1(run.scores))}};
  if (scored.classes > 3) facts.emplace_back("top-3 accuracy", percent_text(top_k_accuracy(scored, 3).value()));
  facts.emplace_back("calibration error", fmt::format("{:.3f}", card.calibration.ece_after));
  if (!run.history.empty()) facts.emplace_back("epochs", fmt::format("{}", run.history.size()));
  if (!run.history.empty()) facts.emplace_back("training time", clock_text(seconds));
  html += tiles(facts);
  if (!card.result.method.empty()) html += element("p", text("Judged by {}.", card.result.method), {{"class", "soft"}});
  if (!run.plots.trouble.empty())
    html += element("p", (run.plots.drawn.empty() ? "There are no plots: " : "A plot is missing: ") + run.plots.trouble,
                    {{"class", "note"}});
  return html;
}

Html training_section(const RunFacts& run) {
  if (run.history.empty()) return {};
  HtmlTable table({{"epoch"}, {"train_loss"}, {"valid_loss"}, {"accuracy"}, {"time"}});
  std::map<int64_t, std::string> begins;  // phases by their first epoch
  int64_t epoch = 0;
  for (const auto& [name, epochs] : run.card.training.phases) {
    begins[epoch] = name;
    epoch += epochs;
  }
  bool is_judged_here = false;
  for (const EpochRow& row : run.history) {
    if (begins.size() > 1 && begins.contains(row.epoch)) table.group(begins[row.epoch]);
    const bool is_judged = run.card.result.epoch == row.epoch;
    is_judged_here |= is_judged;
    table.row({text("{}", row.epoch), text("{:.6f}", row.train_loss), text("{:.6f}", row.valid_loss),
               text("{:.6f}", row.accuracy), clock_text(row.time)},
              is_judged ? "kept" : "");
  }
  const Html words = element("p", "The marked epoch's weights are judged on this page.", {{"class", "soft"}});
  Html html = side_by_side(
      {table.html() + (is_judged_here ? words : Html()), figure(run.plots.find("loss")) + figure(run.plots.find("accuracy"))});
  html += side_by_side({figure(run.plots.find("schedule")), figure(run.plots.find("steps")), figure(run.plots.find("lr_find"))});
  return section("training", "Training statistics", html);
}

Html classes_section(const RunFacts& run) {
  HtmlTable table({{"class", false}, {"clips"}, {"recall"}, {"precision"}, {"F1"}});
  for (int64_t c = 0; c < run.matrix.classes(); ++c) {
    const ClassScore& score = run.scores[static_cast<size_t>(c)];
    const Interval interval = score.recall.interval();
    const Html span = element("small", interval_text(interval.low, interval.high));
    table.row({run.class_name(c), text("{}", score.recall.count),
               Html(percent_text(score.recall.value())) + (score.recall.count > 0 ? span : Html()),
               percent_text(score.precision.value()), std::isnan(score.f1) ? Html("–") : text("{:.3f}", score.f1)});
  }
  const Proportion all = run.matrix.accuracy();
  table.row({"all", text("{}", all.count), percent_text(all.value()), "", text("{:.3f}", macro_f1(run.scores))}, "total");
  const Html words =
      element("p",
              "Recall: of the clips of a class, those found, with its 95 % interval. Precision: of the clips taken for a class, "
              "those that are of it. F1: their harmonic mean.",
              {{"class", "soft"}});
  return section("classes", "Each class", side_by_side({table.html() + words, figure(run.plots.find("recall"))}));
}

namespace {

Html matrix_table(const RunFacts& run) {
  constexpr int64_t kMostClasses = 200;
  constexpr size_t kHeading = 24;  // columns of text, written from top to bottom
  if (run.matrix.classes() > kMostClasses)
    return element("p", text("The table of {} classes is in confusion.csv.", run.matrix.classes()), {{"class", "soft"}});
  std::vector<HtmlTable::Column> columns = {{"", false}};
  for (const std::string& name : run.predictions.classes) columns.push_back({short_name(name, kHeading)});
  HtmlTable table(columns, "matrix");
  for (int64_t a = 0; a < run.matrix.classes(); ++a) {
    std::vector<Html> cells = {short_name(run.class_name(a), kHeading)};
    for (int64_t p = 0; p < run.matrix.classes(); ++p) {
      const int64_t count = run.matrix.at(a, p);
      cells.push_back(count == 0 ? Html("·") : a == p ? strong(fmt::format("{}", count)) : text("{}", count));
    }
    table.row(cells);
  }
  return table.html();
}

}  // namespace

Html confusion_section(const RunFacts& run) {
  constexpr size_t kMost = 12;
  HtmlTable pairs({{"actual", false}, {"taken for", false}, {"clips"}, {"of its clips"}});
  const auto confused = most_confused(run.matrix);
  for (const Confusion& one : std::span(confused).first(std::min(confused.size(), kMost)))
    pairs.row({run.class_name(one.actual), run.class_name(one.predicted), text("{}", one.count),
               percent_text(Proportion{one.count, run.matrix.actual(one.actual)}.value(), 0)});
  const Plot* plot = run.plots.find("confusion");
  const Html list = titled("Most confused", pairs.empty() ? element("p", "Nothing: every clip is right.") : pairs.html());
  const Html numbers =
      plot ? element("details",
                     element("summary", "the same as a table: a row is an actual class, a column what it was taken for") +
                         matrix_table(run))
           : matrix_table(run);
  return section("confusion", "What is taken for what", plot ? side_by_side({figure(plot), list}) + numbers : numbers + list);
}

Html mistakes_section(const RunFacts& run) {
  constexpr int64_t kMost = 12;
  std::vector<Mistake> all = run.mistakes;
  all.resize(std::min<size_t>(all.size(), kMost));  // evaluations write no more
  if (all.empty()) {
    for (const ClipLoss& clip : top_losses(run.predictions.scored(), kMost))
      all.push_back({run.predictions.files.at(static_cast<size_t>(clip.clip)), run.class_name(clip.label),
                     run.class_name(clip.predicted), clip.probability, clip.loss, ""});
  }
  Html cards;
  for (const Mistake& one : all) {
    const std::string alt = fmt::format("Spectrogram of {}", one.file);
    Html lines = element("span", strong(one.actual) + (one.actual == one.predicted ? Html(" (right)") : " → " + one.predicted));
    lines += element("span", text("{} sure, loss {:.2f}", percent_text(one.probability, 0), one.loss));
    lines += element("span", path_text(one.file), {{"class", "soft"}});
    const std::filesystem::path png = mistake_picture(run.folder, one);
    const Html image = png.empty() ? Html() : picture(png, alt);
    cards += element("li", element("figure", image + element("figcaption", lines))) + Html::raw("\n");
  }
  const Html words =
      element("p",
              "The clips with the highest loss: what they are → what they were taken for. Time runs to the right, low "
              "frequencies are at the bottom.");
  return section("mistakes", "Top losses", cards.empty() ? Html() : words + element("ul", cards, {{"class", "mistakes"}}));
}

Html stress_section(const RunFacts& run) {
  HtmlTable table(
      {{"the clips", false}, {"accuracy"}, {"95 % interval"}, {"macro-F1"}, {"95 % interval"}, {"change"}, {"other answers"}});
  for (const StressRow& row : run.stress) {
    const Interval interval = row.correct.interval(), f1 = row.macro_f1_interval;
    const bool is_first = &row == run.stress.data();
    const double change = 100 * (row.correct.value() - run.stress[0].correct.value());
    table.row({row.condition, percent_text(row.correct.value()), interval_text(interval.low, interval.high),
               text("{:.3f}", row.macro_f1), text("{:.3f} to {:.3f}", f1.low, f1.high),
               is_first ? Html("–") : text("{:+.1f}", change),
               is_first ? Html("–") : Html(percent_text(row.answers_changed.value()))});
  }
  const Html words =
      element("p",
              "The same clips altered as recordings are on their way to a listener. Change: of the accuracy, in points. Other "
              "answers: clips that are taken for another class than as they are.",
              {{"class", "soft"}});
  return section("stress", "Under stress", table.empty() ? Html() : table.html() + words);
}

Html calibration_section(const RunFacts& run) {
  const Scored scored = run.predictions.scored();
  if (scored.count() == 0) return {};
  const double temperature = run.card.calibration.temperature;
  const std::vector<double> after = at_temperature(scored, temperature);
  const Scored calibrated{after, scored.labels, scored.classes};
  const auto before_table = reliability(scored), after_table = reliability(calibrated);
  HtmlTable summary({{"", false}, {"as trained"}, {"calibrated"}});
  summary.row({"temperature", "1", text("{:.3f}", temperature)});
  summary.row({"expected calibration error", text("{:.4f}", expected_calibration_error(before_table)),
               text("{:.4f}", expected_calibration_error(after_table))});
  summary.row({"loss", text("{:.4f}", negative_log_likelihood(scored)), text("{:.4f}", negative_log_likelihood(calibrated))});

  HtmlTable bins({{"confidence"}, {"clips"}, {"mean confidence"}, {"accuracy"}});
  for (size_t k = 0; k < after_table.size(); ++k) {
    const ReliabilityBin& bin = after_table[k];
    const auto edge = [&](size_t i) { return 100 * i / after_table.size(); };
    if (bin.count > 0)
      bins.row({text("{}–{} %", edge(k), edge(k + 1)), text("{}", bin.count), percent_text(bin.confidence),
                percent_text(Proportion{bin.correct, bin.count}.value())});
  }
  const char* direction = temperature > 1 ? "softer" : "sharper";
  const char* where = run.card.result.split == "valid" ? "these same clips" : "the validation clips";
  const Html words = temperature == 1
                         ? Html("The probabilities are used as they are.")
                         : text(
                               "Logits are divided by the temperature, which makes probabilities {} and leaves the order of the "
                               "classes as it is. It was fitted on {}.",
                               direction, where);
  return section("calibration", "Calibrated confidence",
                 side_by_side({element("p", words) + summary.html() +
                                   element("details", element("summary", "calibrated confidence in 15 bins") + bins.html()),
                               figure(run.plots.find("reliability"))}));
}

Html configuration_section(const RunFacts& run) {
  Facts recipe = run.card.training.recipe;
  recipe.emplace_back("seed", fmt::format("{}", run.card.training.seed));
  Html html = side_by_side({titled("Recipe", facts_table(recipe)), titled("Input", facts_table(run.card.input))});
  if (!run.config.empty()) html += titled("config.toml", element("pre", run.config));
  return section("configuration", "Configuration", html);
}

Html data_section(const RunFacts& run) {
  const ModelCard::Training& training = run.card.training;
  Html html = element("p", text("{}, split by {}.", training.data, training.split));
  const std::vector<std::string> names = {"train", "valid", "test"};
  std::map<std::string, std::map<std::string, int64_t>> counts;  // per class, per split
  std::map<std::string, int64_t> totals;
  for (const SplitRow& row : run.splits) {
    ++counts[row.label][row.split];
    ++totals[row.split];
  }
  const auto cell = [](int64_t count) { return count > 0 ? text("{}", count) : Html("–"); };
  HtmlTable table({{"class", false}, {"train"}, {"valid"}, {"test"}});
  for (auto& [label, of] : counts) table.row({label, cell(of["train"]), cell(of["valid"]), cell(of["test"])});
  if (!table.empty()) table.row({"all", cell(totals["train"]), cell(totals["valid"]), cell(totals["test"])}, "total");
  else table.row({"all", cell(training.train), cell(training.valid), cell(training.test)}, "total");
  return section("data", "Data and splits", side_by_side({html, table.html()}));
}

Html machine_section(const RunFacts& run) {
  return section("machine", "Machine, time, versions", facts_table(run.card.environment));
}

Html reproduce_section(const RunFacts& run) {
  const ModelCard& card = run.card;
  Html html = element("pre", element("code", card.command));
  if (!card.weights.empty())
    html += element("p", text("It began with {}{}{}{}.", card.weights, if_known(" (SHA-256 ", card.weights_sha, ")"),
                              if_known("; origin: ", card.weights_origin), if_known("; licence: ", card.weights_license)));
  html += element("p", element("code", "cudenza report .") + " makes this page from the other files of its folder.");
  return section("reproduce", "To do it again", html);
}

}  // namespace cudenza
