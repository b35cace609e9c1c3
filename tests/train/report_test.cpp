#include "engine/train/report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "engine/core/error.h"
#include "engine/train/report_html.h"
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
  judge(card, all.scored());
  write_predictions(scratch.path(), all);
  write_model_card(scratch.path(), card);
  write_atomically(scratch.path() / "config.toml", hostile);
  write_mistakes(scratch.path(), {{hostile, hostile, hostile, 0.7, 1.2, "../" + hostile}});
  const std::string page = rendered(scratch.path());
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;"));
  EXPECT_EQ(unbalanced_tag(page), "");
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
