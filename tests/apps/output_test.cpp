/// Results that cannot be written, and names that JSON cannot hold.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/data/files.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::json;

void expect_unwritable(const std::string& arguments, const std::string& reason) {
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.status, 3) << arguments << ": " << ran.err;
  EXPECT_EQ(ran.err, "cudenza: stdout: cannot be written: " + reason + "\n") << arguments;
}

TEST(Output, FullDiskIsThreeWhateverIsPrinted) {
  for (const char* verb : {"info", "info --json", "info --arch resnet34 --image-size 32", "--help", "info --help", "--version",
                           "weights list", "weights list --json"})
    expect_unwritable(std::string(verb) + " >/dev/full", "No space left on device");
}

TEST(Output, ClosedStdoutIsThree) {
  for (const char* verb : {"info", "info --json", "--help"}) expect_unwritable(std::string(verb) + " >&-", "Bad file descriptor");
}

TEST(Output, NoFileTakesTheNumberOfAClosedStream) {
  const ScratchFolder folder;
  write_wav(folder / "tone.wav", 22050, sine(440, 22050, 0.3));
  const std::string features =
      fmt::format("features --device cpu --no-cache '{0}/tone.wav' --out '{0}/f.h5'", folder.path().string());
  ASSERT_EQ(run_program(features).status, 0);
  const std::string whole = content_of(folder / "f.h5");
  for (const char* closed : {" <&- >&- 2>&-", " >&- 2>&-", " <&-"}) {
    fs::remove(folder / "f.h5");
    EXPECT_EQ(run_program(features + closed).status, 0) << closed;
    EXPECT_EQ(content_of(folder / "f.h5"), whole) << closed;
  }
  EXPECT_EQ(run_program(features + " --json >&-").status, 3);
}

TEST(Output, APipeThatNobodyReadsEndsQuietly) {
  const Ran ran = run_command("bash -c", fmt::format("'(sleep 0.3; \"{}\" info; echo $? >&2) | true'", program_under_test()));
  EXPECT_EQ(ran.err, "141\n");
}

TEST(Output, NamesThatAreNotUtf8AreReplacedInJson) {
  const ScratchFolder folder;
  write_wav(folder / "tone \xFF\xC3(.wav", 22050, sine(440, 22050, 0.3));
  const Ran ran =
      run_program(fmt::format("features --json --device cpu --no-cache '{0}' --out '{0}/f.h5'", folder.path().string()));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["clips"][0]["name"], "tone \uFFFD\uFFFD(");
}

}  // namespace
}  // namespace cudenza::testing
