#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/audio/sound_file.h"
#include "tests/data/files.h"
#include "tests/support/program.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

TEST(SynthVerb, MakesTenGenres) {
  const ScratchFolder folder;
  const Ran ran = run_program(fmt::format("synth '{}' --clips 1 --seconds 0.7 --seed 5", (folder / "d").string()));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(has(ran.err, "10 clips of 0.7 s (10 genres x 1)")) << ran.err;
  EXPECT_EQ(ran.err.find('\r'), std::string::npos) << "no bar where there is no terminal";
  const Dataset data = open_dataset(folder / "d");
  ASSERT_EQ(data.items.size(), 10u);
  EXPECT_EQ(data.classes.size(), 10u);
  const SoundInfo info = probe(data.path_of(data.items[0]));
  EXPECT_EQ(data.items[0].path, "blues/blues.00000.wav");
  EXPECT_EQ(info.sample_rate, 22050);
  EXPECT_EQ(info.channels, 1);
  EXPECT_EQ(info.encoding, "Signed 16 bit PCM");
  EXPECT_EQ(info.frames, 15435);
}

TEST(SynthVerb, TheSeedDecides) {
  const ScratchFolder folder;
  const auto made = [&](const std::string& arguments, const std::string& name) {
    const Ran ran =
        run_program(fmt::format("synth '{}' --clips 1 --seconds 0.5 --quiet {}", (folder / name).string(), arguments));
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    return hash_of_file(folder / (name + "/rock/rock.00000.wav"));
  };
  const ContentHash a = made("--seed 1 --threads 1", "a");
  EXPECT_EQ(a, made("--seed 1 --threads 2", "b"));
  EXPECT_NE(a, made("--seed 2", "c"));
}

TEST(SynthVerb, JsonSaysWhatWasMade) {
  const ScratchFolder folder;
  const Ran ran = run_program(fmt::format("synth '{}' --clips 2 --seconds 0.5 --json", folder.path().string()));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto made = nlohmann::json::parse(ran.out);
  EXPECT_EQ(made["clips"], 20);
  EXPECT_EQ(made["clips_per_genre"], 2);
  EXPECT_EQ(made["genres"].size(), 10u);
  EXPECT_EQ(made["seed"], 42);
}

TEST(SynthVerb, MistakesAreTwo) {
  const ScratchFolder folder;
  write_file(folder / "taken/mine.wav");
  for (const auto& [arguments, words] : {std::pair<std::string, std::string>{"new --clips 0", "choose 1 to 100000"},
                                         {"new --seconds 0", "choose 0.5 to 3600"},
                                         {"taken --clips 1", "already holds mine.wav"},
                                         {"", "OUT"},
                                         {"taken/mine.wav --clips 1", "mine.wav is no folder"}}) {
    const Ran ran = run_program("synth " + (arguments.empty() ? "" : (folder / arguments).string()));
    EXPECT_EQ(ran.status, 2) << arguments;
    EXPECT_TRUE(has(ran.err, words)) << ran.err;
  }
  EXPECT_FALSE(fs::exists(folder / "new"));
}

}  // namespace
}  // namespace cudenza::testing
