#include "engine/report/plots.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/report/plots_gnuplot.h"
#include "tests/support/raw_file.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/synthetic_run.h"

namespace cudenza::testing {
namespace {

#define CUDENZA_NEEDS_GNUPLOT() \
  if (!why_no_gnuplot().empty()) GTEST_SKIP() << why_no_gnuplot()

TEST(Plots, EveryFileWithNumbersIsDrawn) {
  CUDENZA_NEEDS_GNUPLOT();
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  const Plots plots = write_plots(scratch.path());
  EXPECT_EQ(plots.trouble, "");
  for (const char* name : {"loss", "accuracy", "schedule", "steps", "recall", "confusion", "reliability", "lr_find"}) {
    const Plot* plot = plots.find(name);
    ASSERT_TRUE(plot) << name;
    EXPECT_NE(plot->svg.find("viewBox"), std::string::npos) << name;
    EXPECT_FALSE(plot->title.empty() || plot->alt.empty()) << name;
    const std::vector<char> file = read_raw<char>(scratch.path() / "plots" / (std::string(name) + ".svg"));
    EXPECT_EQ(std::string(file.begin(), file.end()), plot->svg) << name;
  }
  EXPECT_EQ(plots.drawn.size(), 8u);
}

TEST(Plots, ConfusionShowsItsCounts) {
  CUDENZA_NEEDS_GNUPLOT();
  const ScratchFolder scratch;
  const Predictions all{
      .classes = {"x", "y"}, .files = {"a", "b", "c"}, .labels = {0, 0, 1}, .probabilities = {.9, .1, .2, .8, .4, .6}};
  ModelCard card;
  judge(card, all);
  write_predictions(scratch.path(), all);
  write_model_card(scratch.path(), card);
  const Plots plots = write_plots(scratch.path());
  const Plot* plot = plots.find("confusion");
  ASSERT_TRUE(plot) << plots.trouble;
  size_t ones = 0, cells = 0;
  for (size_t at = 0; (at = plot->svg.find("<text>1</text>", at)) != std::string::npos; ++at) ++ones;
  for (size_t at = 0; (at = plot->svg.find("<polygon", at)) != std::string::npos; ++at) ++cells;
  EXPECT_EQ(ones, 3u);
  EXPECT_EQ(cells, 3u);  // what never happened has no cell
  EXPECT_FALSE(plots.find("loss"));
}

TEST(Plots, ARunOfNothingButNaNsLosesThosePlotsAlone) {
  CUDENZA_NEEDS_GNUPLOT();
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  const double nan = std::nan("");
  write_history(scratch.path(), std::vector<EpochRow>{{0, nan, nan, nan, 0, 1}});
  const Plots plots = write_plots(scratch.path());
  EXPECT_TRUE(plots.find("confusion") && plots.find("recall") && plots.find("schedule"));
}

TEST(Plots, ManyClassesStillFit) {
  CUDENZA_NEEDS_GNUPLOT();
  const ScratchFolder scratch;
  Predictions all;
  for (int c = 0; c < 64; ++c) {
    all.classes.push_back(fmt::format("class {}", c));
    all.files.push_back(fmt::format("{}.wav", c));
    all.labels.push_back(c);
    for (int k = 0; k < 64; ++k) all.probabilities.push_back(k == c % 40 ? 0.37 : 0.01);
  }
  ModelCard card;
  judge(card, all);
  write_predictions(scratch.path(), all);
  write_model_card(scratch.path(), card);
  const Plots plots = write_plots(scratch.path());
  EXPECT_EQ(plots.trouble, "");
  EXPECT_TRUE(plots.find("confusion") && plots.find("recall"));
}

TEST(Plots, LongNamesAreCutByCharacters) {
  CUDENZA_NEEDS_GNUPLOT();
  const std::string name = "Žánr " + std::string(300, 'm');
  GnuplotScript script;
  script.names_left({name, "rock"}, 120).names_below({name, "50 %"}, 120).line("plot [-0.5:1.5][-0.5:1.5] x notitle");
  const std::string svg = drawn(script);
  EXPECT_NE(svg.find("<text>Žánr mmm"), std::string::npos);
  EXPECT_NE(svg.find("m…</text>"), std::string::npos);
  EXPECT_EQ(svg.find(std::string(20, 'm')), std::string::npos);
  EXPECT_NE(svg.find("<text>rock</text>"), std::string::npos);
  EXPECT_NE(svg.find("<text>50 %</text>"), std::string::npos);  // the name of a tic would be a format
}

TEST(Plots, ALearningRateCurveNeedsNoRun) {
  CUDENZA_NEEDS_GNUPLOT();
  const ScratchFolder scratch;
  write_lr_curve(scratch.path(), synthetic_lr_curve());
  const Plots plots = write_lr_plot(scratch.path());
  EXPECT_EQ(plots.trouble, "");
  EXPECT_TRUE(plots.find("lr_find"));
  EXPECT_TRUE(std::filesystem::exists(scratch.path() / "plots/lr_find.svg"));
}

TEST(Plots, NamesAreTextWhateverTheyAre) {
  CUDENZA_NEEDS_GNUPLOT();
  const std::string hostile = "it's `date` $x \"q\" \\n {/Bold a_b} <i>&\n";
  GnuplotScript script;
  script.line("set xtics ({} 0)\nplot [-1:1] x notitle", gnuplot_text(hostile));
  const std::string svg = drawn(script);
  EXPECT_NE(svg.find("it's `date` $x \"q\" \\n {/Bold a_b} &lt;i>&amp; </text>"), std::string::npos) << svg;
}

TEST(Plots, WhatGnuplotCannotDrawIsAnError) {
  CUDENZA_NEEDS_GNUPLOT();
  GnuplotScript script;
  script.line("plot nonsense(x)");
  EXPECT_THROW(drawn(script), GnuplotError);
}

/// PATH as it is not, for a while.
class OtherPath {
 public:
  explicit OtherPath(const char* path) : before_(std::getenv("PATH")) { setenv("PATH", path, 1); }
  ~OtherPath() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(Plots, WithoutGnuplotSaysWhatToInstall) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch.path());
  const OtherPath nowhere("/nonexistent");
  const Plots plots = write_plots(scratch.path());
  EXPECT_TRUE(plots.drawn.empty());
  EXPECT_NE(plots.trouble.find("gnuplot-nox"), std::string::npos) << plots.trouble;
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "plots"));
}

}  // namespace
}  // namespace cudenza::testing
