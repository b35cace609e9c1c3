#include "engine/io/gnuplot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "engine/core/text.h"
#include "tests/support/hostile_names.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

#define CUDENZA_NEEDS_GNUPLOT() \
  if (!why_no_gnuplot().empty()) GTEST_SKIP() << why_no_gnuplot()

/// An environment variable with another value, for a while.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name), before_(std::getenv(name) ? std::getenv(name) : "") {
    setenv(name, value, 1);
  }
  ~Environment() { before_.empty() ? unsetenv(name_) : setenv(name_, before_.c_str(), 1); }

 private:
  const char* name_;
  std::string before_;
};

/// The folder where a program that a name starts would write.
class CurrentFolder {
 public:
  explicit CurrentFolder(const fs::path& folder) : before_(fs::current_path()) { fs::current_path(folder); }
  ~CurrentFolder() { fs::current_path(before_); }

 private:
  fs::path before_;
};

std::string as_xml(std::string_view text) {  // as gnuplot writes it
  std::string xml;
  for (const char c : text) {
    if (c == '&') xml += "&amp;";
    else if (c == '<') xml += "&lt;";
    else xml += c;
  }
  return xml;
}

TEST(Gnuplot, ATextHoldsNothingButLettersAndNumbers) {
  EXPECT_EQ(gnuplot_text("it's 5 %"), "\"it\\047s\\040\\065\\040\\045\"");
  for (const std::string& name : hostile_names()) {
    const std::string text = gnuplot_text(name);
    ASSERT_GE(text.size(), 2u);
    EXPECT_EQ(text.front(), '"');
    EXPECT_EQ(text.back(), '"');
    EXPECT_EQ(displayable(text), text);
    for (size_t at = 1; at + 1 < text.size(); ++at) {
      const auto byte = static_cast<unsigned char>(text[at]);
      EXPECT_TRUE(byte >= 0x80 || std::isalpha(byte) || std::isdigit(byte) || byte == '\\') << text;
      if (byte == '\\') {
        EXPECT_EQ(text.substr(at + 1, 3).find_first_not_of("01234567"), std::string::npos) << text;
      }
    }
  }
}

TEST(Gnuplot, NamesAreDrawnAndNeverObeyed) {
  CUDENZA_NEEDS_GNUPLOT();
  const ScratchFolder scratch;
  const CurrentFolder here(scratch.path());
  std::string script = "set terminal svg noenhanced\nset encoding utf8\n";
  const std::vector<std::string> names = hostile_names();
  for (size_t i = 0; i < names.size(); ++i) {
    const double height = static_cast<double>(i) / static_cast<double>(names.size());  // within the plot, or it is not drawn
    script += fmt::format("set label {} {} at graph 0,{}\n", i + 1, gnuplot_text(names[i]), height);
  }
  const std::string svg = run_gnuplot(script + "set title 'the end'\nplot [-1:1] x title 'x'\n");
  EXPECT_NE(svg.find("the end"), std::string::npos);  // no name changed what the script says
  for (const std::string& name : names) {
    const std::string text = as_xml(shortened(name, 1000));
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(displayable(svg), svg);
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(Gnuplot, NeedsNoFolderForTemporaryFiles) {
  CUDENZA_NEEDS_GNUPLOT();
  const Environment nowhere("TMPDIR", "/nonexistent");
  EXPECT_EQ(why_no_gnuplot(), "");
  EXPECT_NE(run_gnuplot("set terminal svg\nplot x\n").find("</svg>"), std::string::npos);
}

TEST(Gnuplot, SaysWhyItCannotBeRun) {
  const ScratchFolder scratch;
  const Environment path("PATH", scratch.path().c_str());
  EXPECT_NE(why_no_gnuplot().find("gnuplot was not found: install it"), std::string::npos) << why_no_gnuplot();
  EXPECT_THROW(run_gnuplot("plot x"), GnuplotError);
  fs::create_symlink("/bin/true", scratch.path() / "gnuplot");  // ends well and says nothing
  EXPECT_NE(why_no_gnuplot().find("cannot be run"), std::string::npos) << why_no_gnuplot();
}

TEST(Gnuplot, ItsErrorsAreOneLine) {
  CUDENZA_NEEDS_GNUPLOT();
  try {
    run_gnuplot("plot nonsense(x)\n");
    FAIL() << "nothing was thrown";
  } catch (const GnuplotError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("gnuplot failed: ")) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace cudenza::testing
