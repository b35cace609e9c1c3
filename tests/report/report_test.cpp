#include "engine/report/report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/report/plots_gnuplot.h"
#include "engine/report/report_html.h"
#include "tests/support/content_of.h"
#include "tests/support/hostile_names.h"
#include "tests/support/program.h"
#include "tests/support/raw_file.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/synthetic_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

std::string page_of(const fs::path& run) {
  const std::vector<char> bytes = read_raw<char>(run / "report.html");
  return {bytes.begin(), bytes.end()};
}

std::string rendered(const fs::path& run) {
  write_report(run);
  return page_of(run);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The first tag that is closed without being open or left open, "" if there is none. Attributes may hold no '>'.
std::string unbalanced_tag(const std::string& page) {
  static const std::set<std::string> kVoid = {"meta", "img", "wbr", "!DOCTYPE"};
  std::vector<std::string> open;
  for (size_t at = 0; (at = page.find('<', at)) != std::string::npos;) {
    const size_t end = page.find('>', at);
    const std::string tag = page.substr(at + 1, end - at - 1), name = tag.substr(0, tag.find_first_of(" \n\t/", 1));
    at = end;
    if (tag.ends_with('/') || kVoid.contains(name)) continue;
    if (!name.starts_with('/')) open.push_back(name);
    else if (open.empty() || name.substr(1) != open.back()) return name;
    else open.pop_back();
    if (name == "style") at = page.find("</style", at);  // CSS has '>' of its own
  }
  return open.empty() ? "" : open.back();
}

// CUDENZA_SYNTHETIC_RUN=FOLDER keeps the run, to be looked at.
TEST(Report, HasWhatAFirstReaderLooksFor) {
  const ScratchFolder scratch;
  const char* kept = std::getenv("CUDENZA_SYNTHETIC_RUN");
  const fs::path run = kept ? fs::path(kept) : scratch.path();
  write_synthetic_run(run);
  const std::string page = rendered(run);
  const Proportion right = accuracy(synthetic_predictions().scored());
  EXPECT_TRUE(has(page, fmt::format("<strong>{:.1f} %</strong>", 100 * right.value())));
  EXPECT_TRUE(has(page, fmt::format("<strong>{} of 199</strong>", right.successes)));
  for (const char* column : {"epoch", "train_loss", "valid_loss", "accuracy", "time"})
    EXPECT_TRUE(has(page, fmt::format("<th scope=\"col\" class=\"n\">{}</th>", column))) << column;
  for (const char* id :
       {"training", "classes", "confusion", "mistakes", "calibration", "configuration", "data", "machine", "reproduce"})
    EXPECT_TRUE(has(page, fmt::format("<section id=\"{}\"", id))) << id;
  EXPECT_TRUE(has(page, "<img src=\"data:image/png;base64,iVBORw0KGgo"));
  EXPECT_TRUE(has(page, "alt=\"Spectrogram of rock/"));
}

TEST(Report, SaysWhatLeaksAndWhatStressDoes) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  std::string page = rendered(scratch.path());
  EXPECT_TRUE(has(page, "This figure leaks: the clips were drawn at random"));
  EXPECT_FALSE(has(page, "<section id=\"stress\""));
  ModelCard card = read_model_card(scratch.path());
  card.result.split_leaks = false;
  write_model_card(scratch.path(), card);
  write_stress(scratch.path(), {{"as they are", {150, 199}, 0.7, {0.6, 0.8}, {0, 199}},
                                {"white noise 20 dB", {100, 199}, 0.41, {0.33, 0.47}, {75, 199}}});
  page = rendered(scratch.path());
  EXPECT_FALSE(has(page, "This figure leaks"));
  EXPECT_TRUE(has(page, "given by lists, folders or a column"));
  for (const char* part : {"white noise 20 dB", "0.330 to 0.470", "-25.1", "37.7 %", "href=\"#stress\""})
    EXPECT_TRUE(has(page, part)) << part;
}

TEST(Report, NeedsNothingOutsideItself) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  const std::string page = rendered(scratch.path());
  for (const char* part : {"src=\"http", "href=\"http", "<link", "<script", "url(", "@import", "src=\"mistakes"})
    EXPECT_FALSE(has(page, part)) << part;
}

TEST(Report, IsWellFormedWithIdsOfItsOwn) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  const std::string page = rendered(scratch.path());
  EXPECT_EQ(unbalanced_tag(page), "");
  std::set<std::string> ids;
  for (const char quote : {'\'', '"'}) {
    const std::string start = std::string(" id=") + quote;
    for (size_t at = 0; (at = page.find(start, at)) != std::string::npos; ++at) {
      const size_t begin = at + start.size();
      const std::string id = page.substr(begin, page.find(quote, begin) - begin);
      EXPECT_TRUE(ids.insert(id).second) << id << " is there twice";
    }
  }
}

TEST(Report, UnbalancedTagsAreSeen) {
  EXPECT_EQ(unbalanced_tag("<p><b>x</p></b>"), "/p");
  EXPECT_EQ(unbalanced_tag("<p>x"), "p");
  EXPECT_EQ(unbalanced_tag("<p class=\"a\">x<img src=\"y\"></p>"), "");
}

TEST(Report, IsAFunctionOfTheFilesAlone) {
  const ScratchFolder one, two;
  write_synthetic_run(one.path());
  write_synthetic_run(two.path());
  EXPECT_EQ(rendered(one.path()), rendered(two.path()));
  EXPECT_EQ(rendered(one.path()), page_of(two.path()));
}

TEST(Report, TextFromOutsideIsText) {
  const ScratchFolder scratch;
  const std::string hostile = "<script>alert(\"1\")</script>&amp;'";
  const Predictions all{.classes = {hostile, "y"}, .files = {hostile, "b"}, .labels = {0, 1}, .probabilities = {.3, .7, .2, .8}};
  ModelCard card;
  card.name = card.arch = card.head = card.command = card.weights = card.training.data = card.result.method = hostile;
  card.training.recipe = card.input = card.environment = {{hostile, hostile}};
  judge(card, all);
  write_predictions(scratch.path(), all);
  write_model_card(scratch.path(), card);
  write_atomically(scratch.path() / "config.toml", hostile);
  write_mistakes(scratch.path(), {{hostile, hostile, hostile, 0.7, 1.2, ""}});
  const std::string page = rendered(scratch.path());
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;"));
  EXPECT_EQ(unbalanced_tag(page), "");
}

/// A run whose classes and files have these names.
void write_run_of(const fs::path& run, const std::vector<std::string>& names) {
  Predictions all{.classes = names, .files = names, .labels = {}, .probabilities = {}};
  const size_t n = names.size();
  for (size_t i = 0; i < n; ++i) {
    all.labels.push_back(static_cast<int64_t>(i));
    for (size_t c = 0; c < n; ++c) all.probabilities.push_back(c == (i * 7 + 1) % n ? 0.5 : 0.5 / static_cast<double>(n - 1));
  }
  ModelCard card;
  card.name = card.command = card.training.data = names.front();
  card.classes = names;
  judge(card, all);
  write_predictions(run, all);
  write_model_card(run, card);
  write_mistakes(run, {{names.front(), names.front(), names.back(), 0.9, 2.3, ""}});
}

TEST(Report, HostileNamesAreTextInPagesAndPlots) {
  const std::vector<std::string> all = hostile_names();
  constexpr size_t kOfOneRun = 17;  // as many as every plot shows
  for (size_t first = 0; first < all.size(); first += kOfOneRun) {
    const ScratchFolder run;
    const std::vector<std::string> names(all.begin() + static_cast<ptrdiff_t>(first),
                                         all.begin() + static_cast<ptrdiff_t>(std::min(all.size(), first + kOfOneRun)));
    write_run_of(run.path(), names);
    const std::string page = rendered(run.path());
    EXPECT_EQ(displayable(page), page);  // UTF-8 that XML allows
    EXPECT_EQ(unbalanced_tag(page), "");
    EXPECT_FALSE(has(page, "<script"));
    EXPECT_FALSE(has(page, "<img"));  // nor an attribute of a name's own: a quote never ends one
    for (const std::string& name : names) EXPECT_TRUE(has(page, Html(name).markup())) << name;
    if (!why_no_plots().empty()) continue;
    for (const char* plot : {"confusion", "recall"}) {
      const std::string svg = content_of(run.path() / "plots" / (std::string(plot) + ".svg"));
      EXPECT_TRUE(svg.ends_with("</svg>\n\n")) << plot << " of names from " << first;
      EXPECT_EQ(displayable(svg), svg);
      EXPECT_FALSE(has(svg, "<script"));
    }
  }
  EXPECT_FALSE(fs::exists("x"));  // what the names would make
}

TEST(Report, NamesInPlotsStayAsTheyAre) {
  if (!why_no_plots().empty()) GTEST_SKIP() << why_no_plots();
  const ScratchFolder scratch;
  const std::vector<std::string> names = {"rgb(36,41,47)", "rgb(999999999)", "id='gp1'", "\"black\"",
                                          "href='#gp",     "50 %",           "100%d"};
  write_run_of(scratch.path(), names);
  const std::string page = rendered(scratch.path());
  for (const std::string& name : names) EXPECT_TRUE(has(page, fmt::format("<text>{}</text>", name))) << name;
}

TEST(Report, LongNamesAndManyClassesFit) {
  const ScratchFolder scratch;
  const char* kept = std::getenv("CUDENZA_LONG_NAMES");  // keeps the run, to be looked at
  const fs::path run = kept ? fs::path(kept) : scratch.path();
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i)
    names.push_back(fmt::format("{} ", i) + std::string(100, 'm') + " žluťoučký kůň 音楽音楽音楽" + std::string(120, 'n'));
  write_run_of(run / "long", names);
  const std::string page = rendered(run / "long");
  EXPECT_TRUE(has(page, fmt::format("<th scope=\"row\">{}</th>", names[3])));  // whole in the table of classes
  EXPECT_TRUE(has(page, fmt::format("<span title=\"{}\">3 mmm", names[3])));   // short where there is no room
  names.clear();
  for (int i = 0; i < 120; ++i) names.push_back(fmt::format("class number {} of many", i));
  write_run_of(run / "many", names);
  EXPECT_EQ(unbalanced_tag(rendered(run / "many")), "");
  names.resize(250, "x");
  for (size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("{}", i);
  write_run_of(run / "more", names);
  EXPECT_TRUE(has(rendered(run / "more"), "The table of 250 classes is in confusion.csv."));
}

TEST(Report, WithoutGnuplotEveryTableIsThere) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  const std::string page = rendered(scratch.path());
  setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(has(page, "<svg"));
  EXPECT_TRUE(has(page, "gnuplot-nox"));
  EXPECT_TRUE(has(page, "<table class=\"matrix\">"));
  EXPECT_TRUE(has(page, "Most confused"));
}

TEST(Report, LeavesOutWhatTheRunLacks) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  for (const char* name : {"history.csv", "steps.csv", "lr_find.csv", "splits.csv", "config.toml", "mistakes"})
    fs::remove_all(scratch.path() / name);
  const std::string page = rendered(scratch.path());
  EXPECT_FALSE(has(page, "train_loss"));
  EXPECT_FALSE(has(page, "href=\"#training\""));
  EXPECT_TRUE(has(page, "Top losses"));  // from the predictions, without pictures
  fs::remove(scratch.path() / "predictions.csv");
  EXPECT_THROW(write_report(scratch.path()), DataError);
}

TEST(Report, ClockAsFastaiPrintsIt) {
  EXPECT_EQ(clock_text(42.9), "00:42");
  EXPECT_EQ(clock_text(3723), "1:02:03");
  EXPECT_EQ(clock_text(std::nan("")), "–");
}

TEST(Report, VerbWritesThePage) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  EXPECT_EQ(run_program("report --quiet " + scratch.path().string()).status, 0);
  EXPECT_EQ(page_of(scratch.path()), rendered(scratch.path()));
  const Ran ran = run_program("report " + (scratch.path() / "nothing").string());
  EXPECT_EQ(ran.status, 3);
  EXPECT_TRUE(has(ran.err, "is a run directory?") || has(ran.err, "a run directory?")) << ran.err;
}

}  // namespace
}  // namespace cudenza::testing
