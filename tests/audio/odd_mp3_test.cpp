/// Mp3s with wrong, missing and repeated Info frames, joined ones, and those with other things before, between and behind.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/audio/mp3_frames.h"
#include "tests/audio/odd_sounds.h"

namespace cudenza::testing {
namespace {
using namespace sound;

/// Bytes of the frame at `at`, layer III without free format.
size_t frame_bytes(const std::string& mp3, size_t at) {
  constexpr int kRates1[] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
  constexpr int kRates2[] = {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
  constexpr int kHz[] = {44100, 48000, 32000};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(mp3.at(at + i)); };
  const int version = byte(1) >> 3 & 3, index = byte(2) >> 4, padding = byte(2) >> 1 & 1;
  const int hz = kHz[byte(2) >> 2 & 3] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  return static_cast<size_t>(version == 3 ? 144000 * kRates1[index] / hz + padding : 72000 * kRates2[index] / hz + padding);
}

size_t frames_in(const std::string& mp3) {
  size_t count = 0;
  for (size_t at = 0; at < mp3.size(); at += frame_bytes(mp3, at)) ++count;
  return count;
}

std::string id3v2(size_t bytes) {
  std::string tag = std::string("ID3\4\0\0", 6) + std::string(4, '\0') + std::string(bytes, 'x');
  for (size_t i = 0; i < 4; ++i) tag[6 + i] = static_cast<char>(bytes >> 7 * (3 - i) & 0x7f);
  return tag;
}

const std::string kId3v1 = "TAG" + std::string(125, 'x');

/// With its own header, or, as in version 1, without.
std::string ape(size_t bytes, bool has_header) {
  const auto head = [&](uint32_t flags) {
    const std::string text = with_little_endian("APETAGEX" + std::string(24, '\0'), 8, 2000);
    return with_little_endian(with_little_endian(text, 12, static_cast<uint32_t>(bytes) + 32), 20, flags);
  };
  const std::string content(bytes, 'q');
  return has_header ? head(0xa0000000) + content + head(0x80000000) : content + head(0);
}

const std::string kLyrics = "LYRICSBEGININD0000211LYR00007nanana000043LYRICS200";

class OddMp3 : public OddSounds {
 protected:
  void SetUp() override {
    if (!write_sound(at("info.mp3"), kMp3 | kLayer3, kRate, 1, tune(kRate, 1, 2))) GTEST_SKIP() << "libsndfile without LAME";
    info_ = content_of(at("info.mp3"));
    bare_ = info_.substr(frame_bytes(info_, 0));
    mark_ = std::min(info_.find("Info"), info_.find("Xing"));
    all_ = heard(bare_);
    ASSERT_EQ(all_.size(), frames_in(bare_) * 576);
  }
  /// The same with another count of frames, and of bytes if that is given.
  std::string with_count(uint32_t count) const { return with_big_endian(info_, mark_ + 8, count); }
  std::string with_counts(uint32_t count, uint32_t count_of_bytes) const {
    return with_big_endian(with_count(count), mark_ + 12, count_of_bytes);
  }

  std::string info_, bare_;  // two seconds, with an Info frame and without
  size_t mark_ = 0;          // where that says so
  std::vector<float> all_;   // every sample of every frame
};

TEST_F(OddMp3, TheInfoFrameSaysWhatToLeaveOut) {
  const auto trimmed = heard(info_);
  EXPECT_EQ(trimmed.size(), 2u * kRate);
  const auto begin = std::search(all_.begin(), all_.end(), trimmed.begin(), trimmed.end());
  EXPECT_EQ(begin - all_.begin(), 576 + 529);
}

TEST_F(OddMp3, CountsThatAreMissingZeroOrTooSmallEndNothing) {
  EXPECT_EQ(heard(with_big_endian(info_, mark_ + 4, 0)), all_);  // no flags
  EXPECT_EQ(heard(with_count(0)), all_);
  for (const uint32_t count : {1u, 20u}) {
    const auto x = heard(with_count(count));
    EXPECT_EQ(x, std::vector<float>(all_.begin() + 576 + 529, all_.end())) << count;
  }
  EXPECT_EQ(remarks_on(with_count(20)), std::vector<std::string>());
}

TEST_F(OddMp3, ACountThatIsTooLargeIsATruncationUnlessAllBytesAreThere) {
  EXPECT_EQ(heard(with_count(1000)).size(), all_.size() - 576 - 529);
  expect_says(error_of(with_counts(1000, 1'000'000)), "is truncated or damaged: only 2.0");
  expect_says(error_of(info_.substr(0, info_.size() / 2)), "is truncated or damaged: only ");
}

TEST_F(OddMp3, JoinedFilesAreHeardOneAfterAnother) {
  EXPECT_EQ(heard(bare_ + bare_).size(), 2 * all_.size());
  // The second's own Info frame is neither sound nor an end; the silences that encoders put between remain.
  const auto both = heard(info_ + info_);
  EXPECT_EQ(both, joined(std::vector<float>(all_.begin() + 576 + 529, all_.end()), all_));
  EXPECT_EQ(probe(at("heard")).frames, static_cast<int64_t>(both.size()));
  EXPECT_EQ(remarks_on(info_ + info_), std::vector<std::string>());
  EXPECT_EQ(heard(id3v2(3000) + info_ + kId3v1 + id3v2(500) + info_ + kId3v1), both);
}

TEST_F(OddMp3, JoinedFilesOfOtherRatesAndChannels) {
  const std::string stereo = bytes(kMp3 | kLayer3, 44100, 2, 1), low = bytes(kMp3 | kLayer3, 8000, 1, 1);
  const auto untrimmed = [&](const std::string& mp3) { return heard_at(kRate, mp3.substr(frame_bytes(mp3, 0))); };
  const auto expected = joined(joined(joined(all_, untrimmed(stereo)), untrimmed(low)), all_);
  EXPECT_EQ(heard(bare_ + stereo + low + bare_), expected);
  EXPECT_EQ(probe(at("heard")).frames, static_cast<int64_t>(expected.size()));
}

TEST_F(OddMp3, TagsAndZerosAreNoSound) {
  const std::string zeros(20'000, '\0');
  for (const std::string& behind :
       {kId3v1, ape(500, true), ape(500, true) + kId3v1, ape(500, false), kLyrics + kId3v1, zeros, id3v2(1000), kId3v1 + zeros}) {
    EXPECT_EQ(heard(bare_ + behind), all_) << behind.size();
    EXPECT_EQ(remarks_on(bare_ + behind), std::vector<std::string>()) << behind.size();
    EXPECT_EQ(heard(info_ + behind).size(), 2u * kRate) << behind.size();
  }
  for (const std::string& before : {id3v2(5000), id3v2(100) + id3v2(0), ape(500, true), zeros, zeros.substr(0, 1)})
    EXPECT_EQ(heard(before + bare_), all_) << before.size();
}

TEST_F(OddMp3, OtherBytesAreRemarkedOrADamage) {
  const auto half = bare_.size() / 2;
  EXPECT_EQ(heard(noise(5000) + bare_), all_);  // behind what a server sent before the sound
  EXPECT_EQ(remarks_on(info_ + noise(20'000)),
            std::vector<std::string>{"20000 bytes behind the sound are none; they are passed over"});
  EXPECT_EQ(heard(info_ + noise(20'000)).size(), 2u * kRate);
  EXPECT_EQ(remarks_on(bare_ + noise(500)),
            std::vector<std::string>{"500 bytes behind the sound are none; they are passed over"});
  expect_says(error_of(bare_ + noise(20'000)), "is damaged at 2.0");  // nothing says that it was not sound
  expect_says(error_of(bare_.substr(0, half) + noise(5000) + bare_.substr(half)), "is damaged at ");
  size_t middle = 0;
  while (middle < half) middle += frame_bytes(bare_, middle);
  const std::string disturbed = bare_.substr(0, middle) + noise(100) + bare_.substr(middle);
  EXPECT_EQ(heard(disturbed).size(), all_.size());
  ASSERT_EQ(remarks_on(disturbed).size(), 1u);
  expect_says(remarks_on(disturbed)[0], "100 bytes in 1 place, the first at 1.0");
}

TEST_F(OddMp3, FreeFormat) {
  ASSERT_TRUE(write_mp3_of_constant_rate(at("constant.mp3"), 48000, tune(48000, 1, 2)));  // whose frames have no padding
  std::string mp3 = content_of(at("constant.mp3"));
  const auto expected = decode(at("constant.mp3"), 0);
  ASSERT_GT(expected.size(), 2u * 48000);
  for (size_t at = 0, size = frame_bytes(mp3, 0); at < mp3.size(); at += size) mp3[at + 2] &= 0x0f;  // no bit rate
  EXPECT_EQ(heard(mp3), expected);
  EXPECT_EQ(heard(mp3 + bare_ + mp3).size(), 2 * expected.size() + resample(all_, kRate, 48000).size());
}

TEST_F(OddMp3, FraunhofersHeader) {
  std::string vbri = info_.substr(0, 4) + std::string(32, '\0') + "VBRI" + std::string(6, '\0');
  vbri += with_big_endian(std::string(8, '\0'), 4, static_cast<uint32_t>(frames_in(bare_)));
  vbri.resize(frame_bytes(info_, 0));
  EXPECT_EQ(heard(vbri + bare_), all_);
  expect_says(error_of(vbri + bare_.substr(0, bare_.size() / 2)), " s of 2.06 s can be decoded");
}

TEST_F(OddMp3, InsideAWav) {
  std::string wav = "RIFF....WAVEfmt \x1e...\x55.\x01." + std::string(26, '\0') + "data....";
  for (const size_t at : {17u, 18u, 19u, 21u, 23u}) wav[at] = '\0';
  wav = with_little_endian(with_little_endian(wav, 24, kRate), wav.size() - 4, static_cast<uint32_t>(bare_.size()));
  EXPECT_EQ(heard(with_little_endian(wav, 4, static_cast<uint32_t>(wav.size() + bare_.size() - 8)) + bare_), all_);
}

TEST_F(OddMp3, OneFrameIsASound) {
  const std::string one = bare_.substr(0, frame_bytes(bare_, 0));
  EXPECT_EQ(heard(one).size(), 576u);
  expect_says(error_of(info_.substr(0, frame_bytes(info_, 0))), "holds no samples that can be decoded");
  expect_says(error_of(one.substr(0, 20)), "is no sound file of a known format (it begins like mp3, but no frames follow)");
}

TEST_F(OddMp3, SeekingGivesWhatReadingOnGives) {
  for (const std::string& content : {info_, info_ + bare_ + info_})
    expect_seeking_is_reading_on(content, {40'000, 0, 1, 577, 20'000, 43'000});
}

TEST_F(OddMp3, NothingIsWrittenToStderr) {
  ::testing::internal::CaptureStderr();
  for (const std::string& content :
       {bare_ + noise(20'000), noise(20) + bare_, bare_ + std::string(20'000, '\0'), with_count(7)}) {
    file("heard", content);
    examine(at("heard"));
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Mp3Header, FramesOfEveryKind) {
  struct Case {
    uint32_t word;
    int layer, rate, channels, bytes, samples;
  };
  const Case cases[] = {
      {0xfffb9000, 3, 44100, 2, 417, 1152}, {0xfffb9200, 3, 44100, 2, 418, 1152}, {0xfffb94c0, 3, 48000, 1, 384, 1152},
      {0xfff380c4, 3, 22050, 1, 208, 576},  {0xffe380c4, 3, 11025, 1, 417, 576},  {0xfffda000, 2, 44100, 2, 626, 1152},
      {0xffff9000, 1, 44100, 2, 312, 384},  {0xfffb0000, 3, 44100, 2, 0, 1152},
  };
  for (const Case& c : cases) {
    const auto header = mp3_header(c.word);
    ASSERT_TRUE(header) << c.word;
    EXPECT_EQ(header->layer, c.layer) << c.word;
    EXPECT_EQ(header->sample_rate, c.rate) << c.word;
    EXPECT_EQ(header->channels, c.channels) << c.word;
    EXPECT_EQ(header->bytes(), c.bytes) << c.word;
    EXPECT_EQ(header->samples, c.samples) << c.word;
  }
  for (const uint32_t word : {0x7ffb9000u, 0xffeb9000u, 0xfff99000u, 0xfffbf000u, 0xfffb9c00u})
    EXPECT_FALSE(mp3_header(word)) << word;
}

}  // namespace
}  // namespace cudenza::testing
