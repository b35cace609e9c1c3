/// Small files of every kind with random bytes changed, cut out, doubled and cut off: each is heard or refused, soon and in
/// little memory.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/audio/odd_sounds.h"

namespace cudenza::testing {
namespace {
using namespace sound;

class SoundMutations : public OddSounds {
 protected:
  std::string mutated(std::string content) {
    const auto place = [&](size_t end) { return static_cast<size_t>(random_() % std::max<size_t>(end, 1)); };
    // Half of the changes are in the header, where they do most.
    const auto somewhere = [&] { return place(random_() % 2 ? content.size() : std::min<size_t>(content.size(), 100)); };
    switch (random_() % 6) {
      case 0: content.resize(somewhere()); break;
      case 1: content.erase(somewhere(), place(50)); break;
      case 2: content.insert(somewhere(), content.substr(somewhere(), place(200))); break;
      case 3: content += content.substr(somewhere()); break;
      default:
        for (size_t i = 0, count = 1 + place(8); i < count; ++i) content[somewhere()] = static_cast<char>(random_());
    }
    return content;
  }

  std::mt19937 random_{20};
};

TEST_F(SoundMutations, AreHeardOrRefused) {
  constexpr int kEach = 40;
  std::vector<std::string> originals;
  for (const int format :
       {kWav | kPcm16, kWav | kFloat, kAiff | kPcm16, kAu | kPcm16, kW64 | kPcm16, kCaf | kPcm16, kFlac | kPcm16, kOgg | kVorbis})
    originals.push_back(bytes(format, 8000, 2, 0.3));
  originals.push_back(bytes(kOgg | kOpus, 48000, 1, 0.3));
  if (write_sound(at("a.mp3"), kMp3 | kLayer3, 8000, 1, tune(8000, 1, 0.5))) originals.push_back(content_of(at("a.mp3")));
  int heard_files = 0, refused = 0;
  for (const std::string& original : originals) {
    for (int i = 0; i < kEach; ++i) {
      const auto path = file("mutated", mutated(mutated(original)));
      const auto start = std::chrono::steady_clock::now();
      const SoundFacts facts = examine(path);
      try {
        const HeardSound sound = hear(path, 16000);
        EXPECT_GT(sound.pcm.numel(), 0);
        EXPECT_LT(sound.pcm.numel(), 16000 * 60);
        ++heard_files;
      } catch (const DataError& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with(path.string() + ": ")) << error.what();
        ++refused;
      }
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << facts.info.format;
    }
  }
  EXPECT_GT(heard_files, kEach);
  EXPECT_GT(refused, kEach);
}

}  // namespace
}  // namespace cudenza::testing
