/// Files of sound as bytes, to be put together in ways that no encoder would.
#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "engine/audio/decode.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {

inline std::vector<float> joined(std::vector<float> a, const std::vector<float>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline std::string noise(size_t count) {
  std::mt19937 random(1);
  std::string text(count, '\0');
  for (char& c : text) c = static_cast<char>(random() >> 24);
  return text;
}

class OddSounds : public ::testing::Test {
 protected:
  static constexpr int kRate = 22050;

  std::filesystem::path at(const std::string& name) const { return scratch_.path() / name; }
  std::filesystem::path file(const std::string& name, const std::string& content) const {
    std::ofstream(at(name), std::ios::binary) << content;
    return at(name);
  }
  /// A file of this format; no two places of its sound are alike.
  std::string bytes(int format, int rate = kRate, int channels = 1, double seconds = 2, double hz = 300) const {
    EXPECT_TRUE(write_sound(at("written"), format, rate, channels, tune(rate, channels, seconds, hz)));
    return content_of(at("written"));
  }
  std::string wav_of(int rate, int channels, const std::vector<float>& interleaved) const {
    EXPECT_TRUE(write_sound(at("written"), sound::kWav | sound::kFloat, rate, channels, interleaved));
    return content_of(at("written"));
  }
  static std::vector<float> tune(int rate, int channels, double seconds, double hz = 300) {
    std::vector<float> x;
    for (int i = 0; i < static_cast<int>(rate * seconds); ++i) {
      const double t = static_cast<double>(i) / rate;
      for (int c = 0; c < channels; ++c) x.push_back(static_cast<float>(0.5 * std::sin(2 * M_PI * (hz + 200 * t + 50 * c) * t)));
    }
    return x;
  }

  /// What is heard in a file with this content, at its own rate; and what is remarked, or why nothing is.
  std::vector<float> heard(const std::string& content) const { return decode(file("heard", content), 0); }
  std::vector<float> heard_at(int rate, const std::string& content) const { return decode(file("heard", content), rate); }
  std::vector<std::string> remarks_on(const std::string& content) const { return hear(file("heard", content), 0).remarks; }
  std::string error_of(const std::string& content) const {
    return message_of<DataError>([&] { heard(content); });
  }
  /// What is read from each of these frames on is what is there when all is read.
  void expect_seeking_is_reading_on(const std::string& content, std::initializer_list<int64_t> frames) const {
    const auto whole = heard(content);
    SoundFile sound(at("heard"));
    std::vector<double> piece(1000);
    for (const int64_t frame : frames) {
      sound.seek(frame);
      ASSERT_EQ(sound.read(piece), piece.size()) << frame;
      for (size_t i = 0; i < piece.size(); ++i)
        ASSERT_NEAR(piece[i], whole[static_cast<size_t>(frame) + i], 1e-6) << frame << ' ' << i;
    }
    sound.seek(10'000'000);
    EXPECT_EQ(sound.read(piece), 0u);
  }

 private:
  ScratchFolder scratch_;
};

}  // namespace cudenza::testing
