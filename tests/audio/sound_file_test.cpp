#include "engine/audio/sound_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>

#include "engine/audio/decode.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr int kRate = 22050;

/// What decoding the whole file says is wrong, without the folder's name.
std::string error_of(const fs::path& path) {
  try {
    decode(path, 0);
  } catch (const DataError& error) {
    const std::string text = error.what();
    EXPECT_TRUE(text.starts_with(path.string() + ": ")) << text;
    return text.substr(path.string().size() + 2);
  }
  return "no error";
}

void write_text(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

/// Keeps the first `share` of a file's bytes.
void cut(const fs::path& path, double share) {
  fs::resize_file(path, static_cast<uintmax_t>(static_cast<double>(fs::file_size(path)) * share));
}

class SoundFileTest : public ::testing::Test {
 protected:
  ScratchFolder scratch_;
  fs::path at(const std::string& name) const { return scratch_.path() / name; }
};

struct Written {
  const char* name;
  int format;
  double precision;  // largest error that the encoding makes
};

TEST_F(SoundFileTest, EveryFormatIsRead) {
  using namespace sound;
  const Written all[] = {
      {"u8.wav", kWav | kPcmU8, 1.0 / 128},     {"16.wav", kWav | kPcm16, 1.0 / 32768},  {"24.wav", kWav | kPcm24, 1e-6},
      {"32.wav", kWav | kPcm32, 1e-6},          {"float.wav", kWav | kFloat, 0},         {"double.wav", kWav | kDouble, 0},
      {"8.au", kAu | kPcm8, 1.0 / 128},         {"16.au", kAu | kPcm16, 1.0 / 32768},    {"float.au", kAu | kFloat, 0},
      {"16.flac", kFlac | kPcm16, 1.0 / 32768}, {"24.flac", kFlac | kPcm24, 1e-6},       {"a.ogg", kOgg | kVorbis, 0.05},
      {"a.mp3", kMp3 | kLayer3, 0.05},          {"a.aiff", kAiff | kPcm16, 1.0 / 32768},
  };
  const auto x = sine(440, kRate, 1);
  for (const Written& one : all) {
    SCOPED_TRACE(one.name);
    if (!write_sound(at(one.name), one.format, kRate, 1, x)) {
      EXPECT_EQ(one.format, kMp3 | kLayer3);  // libsndfile may be built without LAME; the rest is always there
      continue;
    }
    const SoundInfo info = probe(at(one.name));
    EXPECT_EQ(info.frames, kRate);
    EXPECT_EQ(info.sample_rate, kRate);
    EXPECT_EQ(info.channels, 1);
    EXPECT_EQ("." + info.format, at(one.name).extension());
    EXPECT_EQ(info.remark, "");
    const auto got = decode(at(one.name), 0);
    ASSERT_EQ(got.size(), x.size());
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(got[i], x[i], one.precision) << i;
  }
}

TEST_F(SoundFileTest, SixteenBitsComeBackExactly) {
  std::vector<float> x;
  for (int i = -32768; i < 32768; i += 7) x.push_back(static_cast<float>(i) / 32768);
  write_wav(at("a.wav"), kRate, x);
  const auto pcm = hear(at("a.wav"), 0).pcm.to_vector<int16_t>();
  ASSERT_EQ(pcm.size(), x.size());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(pcm[i], -32768 + 7 * static_cast<int>(i));
}

TEST_F(SoundFileTest, ChannelsAreAveraged) {
  for (const int channels : {2, 8}) {
    std::vector<float> x;
    for (int i = 0; i < 1000; ++i) {
      for (int c = 0; c < channels; ++c) x.push_back(static_cast<float>(i % 50) / 100 * static_cast<float>(c) / 8);
    }
    ASSERT_TRUE(write_sound(at("a.wav"), sound::kWav | sound::kFloat, kRate, channels, x));
    const auto got = decode(at("a.wav"), 0);
    ASSERT_EQ(got.size(), 1000u);
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], static_cast<float>(i % 50) / 100 * static_cast<float>(channels - 1) / 16, 1e-6) << i;
  }
}

TEST_F(SoundFileTest, UnusualRatesAndManyChannels) {
  for (const int rate : {8000, 192000}) {
    write_wav(at("a.wav"), rate, sine(440, rate, 0.5));
    EXPECT_EQ(probe(at("a.wav")).sample_rate, rate);
    EXPECT_EQ(decode(at("a.wav"), 44100).size(), 22050u);
  }
  ASSERT_TRUE(write_sound(at("8.flac"), sound::kFlac | sound::kPcm16, 8000, 8, std::vector<float>(8 * 8000, 0.25f)));
  EXPECT_EQ(examine(at("8.flac")).info.channels, 8);
  EXPECT_FLOAT_EQ(decode(at("8.flac"), 0)[4000], 0.25f);
}

TEST_F(SoundFileTest, FilesThatAreNoSound) {
  EXPECT_EQ(error_of(at("none.wav")), "there is no such file");
  EXPECT_EQ(error_of(scratch_.path()), "is a folder, not a sound file");
  write_text(at("empty.wav"), "");
  EXPECT_EQ(error_of(at("empty.wav")), "is empty (0 bytes)");
  for (const char* name : {"text.wav", "text.au", "text.mp3"}) {  // an ending makes no sound
    write_text(at(name), "These are words.\nMany of them.\n");
    EXPECT_EQ(error_of(at(name)), "is text, not sound");
  }
  std::string bytes(5000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i * 31 + i / 7);
  write_text(at("bytes.wav"), bytes);
  EXPECT_EQ(error_of(at("bytes.wav")).find("is no sound file of a known format (libsndfile"), 0u) << error_of(at("bytes.wav"));
  ASSERT_EQ(mkfifo(at("pipe.wav").c_str(), 0600), 0);
  EXPECT_EQ(error_of(at("pipe.wav")), "is no regular file; sound is read from files on a disk");
}

TEST_F(SoundFileTest, NoPermission) {
  write_wav(at("a.wav"), kRate, sine(440, kRate, 0.1));
  fs::permissions(at("a.wav"), fs::perms::none);
  const bool is_root = geteuid() == 0;  // whom nothing is forbidden, unless it is someone else for a while
  if (is_root && seteuid(65534) != 0) GTEST_SKIP() << "root that cannot become another user";
  const std::string error = error_of(at("a.wav"));
  EXPECT_TRUE(!is_root || seteuid(0) == 0);
  EXPECT_EQ(error, "cannot be read: Permission denied");
}

TEST_F(SoundFileTest, NoSamples) {
  write_wav(at("zero.wav"), kRate, {});
  EXPECT_EQ(error_of(at("zero.wav")), "holds no samples (wav, 22050 Hz, 1 channel)");
  write_sound(at("zero.au"), sound::kAu | sound::kPcm16, 8000, 2, {});
  EXPECT_EQ(error_of(at("zero.au")), "holds no samples (au, 8000 Hz, 2 channels)");
}

TEST_F(SoundFileTest, TruncatedFilesSayHowMuchIsThere) {
  using namespace sound;
  const auto x = sine(440, kRate, 10);
  for (const auto& [name, format] : {std::pair{"a.wav", kWav | kPcm24}, {"a.au", kAu | kPcm16}, {"a.aiff", kAiff | kPcm16}}) {
    write_sound(at(name), format, kRate, 1, x);
    cut(at(name), 0.4);
    EXPECT_EQ(error_of(at(name)), "is truncated: only 4.00 s of 10.00 s are there") << name;
    EXPECT_NEAR(probe(at(name)).seconds(), 10, 1e-3);
  }
  write_sound(at("a.flac"), kFlac | kPcm16, kRate, 1, x);
  cut(at("a.flac"), 0.5);
  EXPECT_EQ(error_of(at("a.flac")).find("is truncated or damaged: only "), 0u) << error_of(at("a.flac"));
  write_sound(at("a.ogg"), kOgg | kVorbis, kRate, 1, sine(440, kRate, 60));
  cut(at("a.ogg"), 0.5);
  EXPECT_EQ(error_of(at("a.ogg")).find("is truncated: its end is missing; "), 0u) << error_of(at("a.ogg"));
  if (write_sound(at("a.mp3"), kMp3 | kLayer3, kRate, 1, x)) {
    cut(at("a.mp3"), 0.5);
    EXPECT_EQ(error_of(at("a.mp3")).find("is truncated or damaged: only "), 0u) << error_of(at("a.mp3"));
  }
}

TEST_F(SoundFileTest, ATruncatedHeader) {
  write_wav(at("a.wav"), kRate, sine(440, kRate, 1));
  fs::resize_file(at("a.wav"), 30);
  EXPECT_NE(error_of(at("a.wav")), "no error");
  write_wav(at("b.wav"), kRate, sine(440, kRate, 1));
  fs::resize_file(at("b.wav"), 44);  // not one sample
  EXPECT_EQ(error_of(at("b.wav")), "is truncated: its header is there, but nothing of the sound");
}

TEST_F(SoundFileTest, BeforeTheCutAllIsGood) {
  const auto x = sine(440, kRate, 10);
  write_wav(at("a.wav"), kRate, x);
  cut(at("a.wav"), 0.4);
  const auto piece = decode(at("a.wav"), 0, {.begin = 1, .length = 2});
  ASSERT_EQ(piece.size(), static_cast<size_t>(2 * kRate));
  for (size_t i = 0; i < piece.size(); ++i) ASSERT_NEAR(piece[i], x[kRate + i], 1e-4) << i;
  EXPECT_THROW(decode(at("a.wav"), 0, {.begin = 1, .length = 5}), DataError);
  SoundFile file(at("a.wav"));
  std::vector<double> block(x.size());
  const size_t count = file.read(block);
  EXPECT_NEAR(static_cast<double>(count), 4.0 * kRate, 50);
  EXPECT_NEAR(block[count - 1], x[count - 1], 1e-4);
  EXPECT_THROW(file.read(block), DataError);
}

TEST_F(SoundFileTest, AHeaderThatIsOffByAFewBytesIsNoFault) {
  write_wav(at("a.wav"), kRate, sine(440, kRate, 1));
  fs::resize_file(at("a.wav"), fs::file_size(at("a.wav")) - 200);
  EXPECT_EQ(error_of(at("a.wav")), "no error");
  EXPECT_EQ(decode(at("a.wav"), 0).size(), static_cast<size_t>(kRate - 100));
}

TEST_F(SoundFileTest, AHeaderWrittenToAPipeIsNoFault) {
  write_wav(at("a.wav"), kRate, sine(440, kRate, 1));
  std::fstream file(at("a.wav"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4).write("\xff\xff\xff\xff", 4);
  file.seekp(40).write("\xff\xff\xff\xff", 4);
  file.close();
  EXPECT_EQ(decode(at("a.wav"), 0).size(), static_cast<size_t>(kRate));
}

TEST_F(SoundFileTest, SamplesThatAreNoNumbers) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -2e12f}) {
    auto x = sine(440, kRate, 1);
    x[11025] = x[11026] = bad;
    write_sound(at("a.wav"), sound::kWav | sound::kFloat, kRate, 1, x);
    EXPECT_EQ(error_of(at("a.wav")),
              "holds samples that are NaN, infinite or beyond 1e+12 times full scale, the first at 0.500 s");
    const SoundFacts facts = examine(at("a.wav"));
    EXPECT_EQ(facts.non_finite, 2);
    EXPECT_EQ(facts.error, "holds 2 samples that are NaN, infinite or beyond 1e+12 times full scale");
    EXPECT_NEAR(facts.peak, 0.5, 1e-3);
    EXPECT_FALSE(facts.truncated);
  }
}

TEST_F(SoundFileTest, AWrongEndingIsRemarked) {
  write_sound(at("a.wav"), sound::kFlac | sound::kPcm16, kRate, 1, sine(440, kRate, 1));
  EXPECT_EQ(probe(at("a.wav")).remark, "is flac, though named .wav");
  EXPECT_EQ(decode(at("a.wav"), 0).size(), static_cast<size_t>(kRate));
  fs::rename(at("a.wav"), at("a.FLAC"));
  EXPECT_EQ(probe(at("a.FLAC")).remark, "");
}

TEST_F(SoundFileTest, SeekingGivesWhatReadingOnGives) {
  using namespace sound;
  for (const auto& [name, format] : {std::pair{"a.wav", kWav | kPcm16}, {"a.flac", kFlac | kPcm16}, {"a.ogg", kOgg | kVorbis}}) {
    write_sound(at(name), format, kRate, 1, sine(440, kRate, 5));
    const auto whole = decode(at(name), 0);
    SoundFile file(at(name));
    std::vector<double> piece(1000);
    for (const int64_t frame : {70'000, 0, 12'345}) {
      file.seek(frame);
      ASSERT_EQ(file.read(piece), piece.size());
      for (size_t i = 0; i < piece.size(); ++i) ASSERT_NEAR(piece[i], whole[static_cast<size_t>(frame) + i], 1e-6) << name << i;
    }
    file.seek(1'000'000);
    EXPECT_EQ(file.read(piece), 0u) << name;
  }
}

/// A burst of noise, which takes a high bit rate, and a tone after or before it, which takes a low one.
std::vector<float> burst_and_tone(bool burst_first, double seconds) {
  auto x = sine(440, 44100, seconds, 0.05);
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-0.3f, 0.3f);
  const size_t burst = 44100 / 2, begin = burst_first ? 0 : x.size() - burst;
  for (size_t i = begin; i < begin + burst; ++i) x[i] = uniform(random);
  return x;
}

/// Root mean square of a quarter of a second from sample `begin` on.
double level_of(const std::vector<float>& x, size_t begin) {
  double sum = 0;
  for (size_t i = begin; i < begin + 11025; ++i) sum += x[i] * x[i];
  return std::sqrt(sum / 11025);
}

// The decoder takes the first frame's bit rate for that of all: it used to stop at a seventh of the sound.
TEST_F(SoundFileTest, Mp3OfVariableRateWithoutItsLengthIsReadToItsEnd) {
  for (const bool burst_first : {true, false}) {
    SCOPED_TRACE(burst_first);
    const auto x = burst_and_tone(burst_first, 20);
    if (!write_mp3_without_length(at("a.mp3"), 44100, x)) GTEST_SKIP() << "libsndfile without LAME";
    const auto whole = decode(at("a.mp3"), 0);
    EXPECT_EQ(probe(at("a.mp3")).frames, static_cast<int64_t>(whole.size()));
    EXPECT_NEAR(static_cast<double>(whole.size()), 44100 * 20, 3000);  // the encoder's silence around it remains
    const SoundFacts facts = examine(at("a.mp3"));
    EXPECT_EQ(facts.error, "");
    EXPECT_EQ(facts.frames, static_cast<int64_t>(whole.size()));
    const size_t burst = burst_first ? 4'000 : whole.size() - 20'000;  // well within it
    EXPECT_NEAR(level_of(whole, burst), 0.3 / std::sqrt(3), 0.03);
    EXPECT_NEAR(level_of(whole, whole.size() / 2), 0.05 / std::sqrt(2), 0.002);
    SoundFile file(at("a.mp3"));
    std::vector<double> piece(1000);
    for (const int64_t frame : {700'000, 0, 12'345}) {
      file.seek(frame);
      ASSERT_EQ(file.read(piece), piece.size());
      for (size_t i = 0; i < piece.size(); ++i) ASSERT_NEAR(piece[i], whole[static_cast<size_t>(frame) + i], 1e-6) << i;
    }
    file.seek(10'000'000);
    EXPECT_EQ(file.read(piece), 0u);
  }
}

TEST_F(SoundFileTest, Mp3WithoutItsLengthButWithTagsBehind) {
  const auto x = burst_and_tone(true, 5);
  if (!write_mp3_without_length(at("plain.mp3"), 44100, x)) GTEST_SKIP() << "libsndfile without LAME";
  const auto expected = decode(at("plain.mp3"), 0);
  std::ifstream in(at("plain.mp3"), std::ios::binary);
  const std::string sound(std::istreambuf_iterator<char>(in), {});
  const std::string cover(50'000, '\x5a'), zeros(8, '\0'), id3v1 = "TAG" + std::string(125, ' ');
  std::string ape = "APETAGEX" + std::string("\xd0\x07\0\0", 4);  // version 2000
  const uint32_t size = 50'000 + 32;
  ape.append(reinterpret_cast<const char*>(&size), 4).append("\1\0\0\0", 4);
  const std::string header = ape + std::string("\0\0\0\xa0", 4) + zeros, footer = ape + std::string("\0\0\0\x80", 4) + zeros;
  for (const std::string& tags : {id3v1, header + cover + footer, header + cover + footer + id3v1}) {
    write_text(at("tagged.mp3"), sound + tags);
    EXPECT_EQ(decode(at("tagged.mp3"), 0), expected) << tags.size();
  }
}

TEST_F(SoundFileTest, Mp3WithoutItsLengthThatIsCutOrDamaged) {
  if (!write_mp3_without_length(at("a.mp3"), 44100, burst_and_tone(true, 20))) GTEST_SKIP() << "libsndfile without LAME";
  std::ifstream in(at("a.mp3"), std::ios::binary);
  std::string sound(std::istreambuf_iterator<char>(in), {});
  write_text(at("cut.mp3"), sound.substr(0, sound.size() / 2));  // nothing tells it from one that ends there
  EXPECT_EQ(error_of(at("cut.mp3")), "no error");
  EXPECT_GT(examine(at("cut.mp3")).seconds(), 5);
  std::fill(sound.begin() + static_cast<ptrdiff_t>(sound.size() / 2), sound.end(), '\x5a');
  write_text(at("damaged.mp3"), sound);
  EXPECT_EQ(error_of(at("damaged.mp3")).find("is damaged at "), 0u) << error_of(at("damaged.mp3"));
}

TEST_F(SoundFileTest, FactsOfGoodFiles) {
  auto x = sine(440, kRate, 1);
  x[100] = x[200] = 1.0f;
  write_wav(at("a.wav"), kRate, x);
  const SoundFacts facts = examine(at("a.wav"));
  EXPECT_TRUE(facts.usable()) << facts.error;
  EXPECT_EQ(facts.frames, kRate);
  EXPECT_DOUBLE_EQ(facts.seconds(), 1);
  EXPECT_FLOAT_EQ(static_cast<float>(facts.peak), 32767.0f / 32768);
  EXPECT_DOUBLE_EQ(facts.clipped_fraction, 2.0 / kRate);
  EXPECT_FALSE(facts.silent);
  write_sound(at("a.flac"), sound::kFlac | sound::kPcm16, kRate, 1, x);
  EXPECT_EQ(examine(at("a.flac")).sound_hash, facts.sound_hash);  // the same sound
  x[5] += 0.01f;
  write_wav(at("b.wav"), kRate, x);
  EXPECT_NE(examine(at("b.wav")).sound_hash, facts.sound_hash);
}

TEST_F(SoundFileTest, SilenceIsSeenAlsoWhereChannelsCancel) {
  write_wav(at("zero.wav"), kRate, std::vector<float>(kRate, 0.0f));
  EXPECT_TRUE(examine(at("zero.wav")).usable());
  EXPECT_TRUE(examine(at("zero.wav")).silent);
  EXPECT_EQ(decode(at("zero.wav"), 0), std::vector<float>(kRate, 0));
  std::vector<float> opposite;
  for (const float x : sine(440, kRate, 1)) opposite.insert(opposite.end(), {x, -x});
  write_sound(at("opposite.wav"), sound::kWav | sound::kFloat, kRate, 2, opposite);
  const SoundFacts facts = examine(at("opposite.wav"));
  EXPECT_TRUE(facts.silent);
  EXPECT_GT(facts.peak, 0.49);
}

TEST_F(SoundFileTest, FactsOfBadFilesAreWhatCouldBeFound) {
  EXPECT_EQ(examine(at("none.wav")).error, "there is no such file");
  write_wav(at("a.wav"), kRate, sine(440, kRate, 10));
  cut(at("a.wav"), 0.4);
  const SoundFacts facts = examine(at("a.wav"));
  EXPECT_TRUE(facts.truncated);
  EXPECT_EQ(facts.error, "is truncated: only 4.00 s of 10.00 s are there");
  EXPECT_NEAR(facts.seconds(), 4, 0.01);
  EXPECT_NEAR(facts.peak, 0.5, 1e-3);
}

}  // namespace
}  // namespace cudenza::testing
