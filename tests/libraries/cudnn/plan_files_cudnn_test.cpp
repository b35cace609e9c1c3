#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/libraries/cudnn/plan_files.h"
#include "tests/support/content_of.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

using cudnn::PlanFiles;
using cudnn::StoredPlan;

const StoredPlan kPlan{"eng62_k2=3", "{\"a\": [1,\n2]}"};

void write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// An environment variable with another value, or none, while this lives.
class Variable {
 public:
  Variable(const char* name, const char* value)
      : name_(name), before_(std::getenv(name) ? std::getenv(name) : ""), was_set_(std::getenv(name)) {
    if (value) setenv(name, value, 1);
    else unsetenv(name);
  }
  ~Variable() {
    if (was_set_) setenv(name_, before_.c_str(), 1);
    else unsetenv(name_);
  }

 private:
  const char* name_;
  std::string before_;
  bool was_set_;
};

TEST(CudnnPlanFiles, GivesBackWhatWasStored) {
  const ScratchFolder scratch;
  const PlanFiles files(scratch.path() / "made" / "on demand");
  EXPECT_FALSE(files.load("f16 forward"));
  files.store("f16 forward", kPlan);
  EXPECT_EQ(files.load("f16 forward"), kPlan);
  files.store("f16 forward", {"none", ""});
  EXPECT_EQ(files.load("f16 forward"), (StoredPlan{"none", ""}));
  EXPECT_FALSE(files.load("bf16 forward"));
}

TEST(CudnnPlanFiles, LeavesNoTemporaryFileBehind) {
  const ScratchFolder scratch;
  const PlanFiles files(scratch.path());
  files.store("f16 forward", kPlan);
  files.store("f16 forward", kPlan);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

TEST(CudnnPlanFiles, ADamagedFileCountsAsAbsent) {
  const ScratchFolder scratch;
  const PlanFiles files(scratch.path());
  files.store("f16 forward", kPlan);
  const auto path = files.file_of("f16 forward");
  const std::string whole = content_of(path);
  for (size_t length = 0; length < whole.size(); ++length) {
    write(path, whole.substr(0, length));
    EXPECT_FALSE(files.load("f16 forward")) << "cut to " << length << " bytes";
  }
  std::string flipped = whole;
  flipped.back() ^= 1;
  write(path, flipped);
  EXPECT_FALSE(files.load("f16 forward"));
  write(path, "cudenza plan 1" + whole.substr(whole.find('\n')));
  EXPECT_FALSE(files.load("f16 forward"));
}

TEST(CudnnPlanFiles, AFileOfAnotherGraphCountsAsAbsent) {
  const ScratchFolder scratch;
  const PlanFiles files(scratch.path());
  files.store("f16 forward", kPlan);
  std::filesystem::copy_file(files.file_of("f16 forward"), files.file_of("bf16 forward"));
  EXPECT_FALSE(files.load("bf16 forward"));
}

TEST(CudnnPlanFiles, AFolderThatCannotBeMadeIsNoError) {
  const PlanFiles files("/dev/null/cudenza");
  files.store("f16 forward", kPlan);
  EXPECT_FALSE(files.load("f16 forward"));
  const PlanFiles nowhere;
  nowhere.store("f16 forward", kPlan);
  EXPECT_FALSE(nowhere.load("f16 forward"));
}

TEST(CudnnPlanFiles, ReadersNeverSeeAPart) {
  const ScratchFolder scratch;
  const PlanFiles files(scratch.path());
  const StoredPlan large{"eng1", std::string(200'000, 'x')};
  files.store("f16 forward", large);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) files.store("f16 forward", large);
  });
  for (int i = 0; i < 50; ++i) EXPECT_EQ(files.load("f16 forward"), large);
  writer.join();
}

TEST(CudnnPlanFiles, LiveInTheUsersCacheUnderVersionAndCard) {
  const Variable home("HOME", "/home/ada");
  {
    const Variable xdg("XDG_CACHE_HOME", "/var/cache/ada");
    const std::string folder = PlanFiles::in_cache(90, "NVIDIA H200").folder();
    EXPECT_EQ(folder.find("/var/cache/ada/cudenza/cudnn-9."), 0u) << folder;
    EXPECT_TRUE(folder.ends_with("-sm90-NVIDIA_H200")) << folder;
  }
  {
    const Variable xdg("XDG_CACHE_HOME", "relative/is/ignored");
    EXPECT_EQ(PlanFiles::in_cache(90, "x").folder().string().find("/home/ada/.cache/cudenza/"), 0u);
  }
  const Variable xdg("XDG_CACHE_HOME", nullptr), nobody("HOME", nullptr);
  EXPECT_TRUE(PlanFiles::in_cache(90, "x").folder().empty());
}

}  // namespace
}  // namespace cudenza::testing
