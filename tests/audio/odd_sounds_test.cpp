/// Sounds as real programs leave them: sizes never filled in, whole files joined end to end, channels that cancel out.
#include "tests/audio/odd_sounds.h"

#include <gtest/gtest.h>

#include "tests/support/messages.h"

namespace cudenza::testing {
namespace {
using namespace sound;

// What sox, ffmpeg and others leave where they could not come back to the header.
constexpr uint32_t kLeftOpen[] = {0, 0x7ffff000, 0x7f000000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};

TEST_F(OddSounds, WavWithoutItsSize) {
  const std::string list = with_little_endian("LIST....INFOISFT", 4, 16) + with_little_endian("....sox!", 0, 4);
  for (const int format : {kWav | kPcm16, kWav | kFloat}) {
    const std::string wav = bytes(format, kRate, 2);
    const auto expected = heard(wav);
    ASSERT_EQ(expected.size(), 2u * kRate);
    const size_t data = wav.find("data"), samples = 2u * kRate * (format == (kWav | kFloat) ? 8 : 4);
    const std::string bare = wav.substr(0, data + 8 + samples);
    for (const uint32_t size : kLeftOpen) {
      const std::string open = with_little_endian(with_little_endian(bare, 4, size), data + 4, size);
      EXPECT_EQ(heard(open), expected) << size;
      EXPECT_EQ(probe(at("heard")).frames, 2 * kRate) << size;
      EXPECT_EQ(remarks_on(open), std::vector<std::string>()) << size;
      EXPECT_EQ(heard(open + list), expected) << size << ", and a chunk behind";
    }
  }
}

TEST_F(OddSounds, AiffAndAuWithoutTheirSizes) {
  const std::string aiff = bytes(kAiff | kPcm16), au = bytes(kAu | kPcm16);
  const size_t common = aiff.find("COMM"), sound = aiff.find("SSND");
  for (const uint32_t size : kLeftOpen) {
    const std::string open =
        with_big_endian(with_big_endian(with_big_endian(aiff, 4, size), common + 10, size / 2), sound + 4, size);
    EXPECT_EQ(heard(open), heard(aiff)) << size;
    EXPECT_EQ(heard(with_big_endian(au, 8, size)), heard(au)) << size;
  }
  EXPECT_EQ(heard(au).size(), 2u * kRate);
}

TEST_F(OddSounds, HeadersOf64BitsWithoutTheirSizes) {
  const std::string w64 = bytes(kW64 | kPcm16), caf = bytes(kCaf | kPcm16);
  const auto with_size = [](std::string text, size_t at, const std::string& size) { return text.replace(at, 8, size); };
  const std::string zero(8, '\0'), minus_one(8, '\xff');
  const size_t data = w64.find("data");
  for (const std::string& size : {zero, minus_one})
    EXPECT_EQ(heard(with_size(with_size(w64, 16, size), data + 16, size)), heard(w64)) << size;
  EXPECT_EQ(heard(with_size(caf, caf.find("data") + 4, minus_one)), heard(caf));
  std::string rf64 = bytes(kWav | kPcm16);  // with the chunk that holds its sizes put in
  const size_t first = rf64.find("data");
  rf64 = "RF64" + std::string(4, '\xff') + "WAVEds64" + std::string("\x1c\0\0\0", 4) + std::string(28, '\0') +
         with_little_endian(rf64, first + 4, 0xffffffff).substr(12);
  EXPECT_EQ(heard(rf64), heard(bytes(kWav | kPcm16)));
}

TEST_F(OddSounds, AnHonestSizeStaysATruncation) {
  const std::string wav = bytes(kWav | kPcm16);
  expect_says(error_of(wav.substr(0, wav.size() / 2)), "is truncated: only 1.00 s of 2.00 s are there");
  const size_t data = wav.find("data");
  const std::string large = with_little_endian(wav, data + 4, 0x40000000);  // six hours
  expect_says(error_of(large), "is truncated");
}

TEST_F(OddSounds, NoSamplesButAChunkIsNoSound) {
  const std::string wav = bytes(kWav | kPcm16);
  const size_t data = wav.find("data");
  const std::string list = with_little_endian("LIST....INFO", 4, 4);
  expect_says(error_of(with_little_endian(wav, data + 4, 0).substr(0, data + 8) + list), "holds no samples");
}

TEST_F(OddSounds, SamplesBehindThosePromisedAreRemarked) {
  const std::string wav = bytes(kWav | kPcm16);
  const std::string half = with_little_endian(wav, wav.find("data") + 4, 2 * kRate);
  EXPECT_EQ(heard(half).size(), static_cast<size_t>(kRate));
  EXPECT_EQ(remarks_on(half), std::vector<std::string>{"44100 bytes behind the sound that its header promises are not heard"});
  EXPECT_EQ(examine(at("heard")).unheard, remarks_on(half));
}

TEST_F(OddSounds, JoinedFilesAreHeardOneAfterAnother) {
  for (const int format : {kWav | kPcm16, kAu | kPcm16, kAiff | kPcm16, kFlac | kPcm16, kOgg | kVorbis}) {
    SCOPED_TRACE(format);
    const std::string a = bytes(format), b = bytes(format, kRate, 2, 1, 700);
    const auto first = heard(a), second = heard(b);
    const auto both = heard(a + b);
    ASSERT_EQ(both.size(), first.size() + second.size());
    EXPECT_EQ(both, joined(first, second));
    EXPECT_EQ(probe(at("heard")).seconds(), 3);
    EXPECT_EQ(heard(a + b + a), joined(joined(first, second), first));
    EXPECT_EQ(remarks_on(a + b), std::vector<std::string>());
    EXPECT_EQ(examine(at("heard")).frames, 3 * kRate);
  }
}

TEST_F(OddSounds, PartsOfAnotherRateAreBroughtToTheFirsts) {
  const std::string wavs[] = {bytes(kWav | kFloat), bytes(kWav | kFloat, 44100, 2, 1, 700), bytes(kWav | kFloat, 8000, 1, 1)};
  auto expected = heard(wavs[0]);
  for (const std::string& wav : {wavs[1], wavs[2], wavs[0]}) expected = joined(expected, heard_at(kRate, wav));
  EXPECT_EQ(heard(wavs[0] + wavs[1] + wavs[2] + wavs[0]), expected);
  EXPECT_EQ(probe(at("heard")).frames, 6 * kRate);
}

TEST_F(OddSounds, LinksOfSeveralCodecs) {
  const std::string vorbis = bytes(kOgg | kVorbis, 48000), opus = bytes(kOgg | kOpus, 48000, 2, 1);
  EXPECT_EQ(heard(vorbis + opus), joined(heard(vorbis), heard(opus)));
  EXPECT_EQ(heard(opus + opus), joined(heard(opus), heard(opus)));
  EXPECT_EQ(probe(at("heard")).seconds(), 2);
}

TEST_F(OddSounds, SeekingInJoinedFilesGivesWhatReadingOnGives) {
  const std::string contents[] = {bytes(kOgg | kVorbis) + bytes(kOgg | kVorbis, kRate, 2, 1, 700) + bytes(kOgg | kVorbis),
                                  bytes(kWav | kFloat) + bytes(kWav | kFloat, 44100, 2, 1, 700) + bytes(kWav | kFloat)};
  for (const std::string& content : contents)
    expect_seeking_is_reading_on(content, {100'000, 50'000, 0, 44'100, 66'150, 44'000, 66'000, 60'123});
}

TEST_F(OddSounds, TheLastLinkMayBeTruncatedAndIsNamed) {
  const std::string a = bytes(kOgg | kVorbis), b = bytes(kOgg | kVorbis, kRate, 1, 60);
  expect_says(error_of(a + b.substr(0, b.size() / 2)), "is truncated: its end is missing; ");
  const std::string wav = bytes(kWav | kPcm16);
  expect_says(error_of(wav + wav.substr(0, wav.size() / 2)), "is truncated: only 3.00 s of 4.00 s are there");
}

TEST_F(OddSounds, BytesBehindAnOggAreRemarked) {
  const std::string ogg = bytes(kOgg | kVorbis);
  EXPECT_EQ(heard(ogg + noise(3000) + ogg), joined(heard(ogg), heard(ogg)));
  EXPECT_EQ(remarks_on(ogg + noise(3000)),
            std::vector<std::string>{"3000 bytes between or behind its sounds are none; they are passed over"});
}

TEST_F(OddSounds, RatesAndChannelsThatNoSoundHasAreRefused) {
  const std::string wav = bytes(kWav | kPcm16);
  for (const uint32_t rate : {1u, 999u, 768'001u, 0x7fffffffu})
    expect_says(error_of(with_little_endian(wav, 24, rate)), fmt::format("says that it has {} Hz, which no sound has", rate));
  EXPECT_EQ(probe(file("slow", with_little_endian(wav, 24, 1000))).sample_rate, 1000);
  std::string many = wav;
  many[22] = '\0', many[23] = '\1';  // 256
  expect_says(error_of(many), "says that it has 256 channels, which no sound has");
}

TEST_F(OddSounds, NothingLeftAtARateIsAnError) {
  const std::string one = wav_of(44100, 1, {0.5f});
  EXPECT_EQ(decode(file("heard", one), 0).size(), 1u);
  const auto at_16000 = [&](auto&& f) { return message_of<DataError>([&] { f(at("heard"), 16000); }); };
  const std::string expected = at("heard").string() + ": is too short: not one sample is left of it at 16000 Hz";
  EXPECT_EQ(at_16000([](const auto& path, int rate) { decode(path, rate); }), expected);
  EXPECT_EQ(at_16000([](const auto& path, int rate) { hear(path, rate); }), expected);
  EXPECT_EQ(at_16000([](const auto& path, int rate) {
              WindowStream stream(path, rate, 16000, 8000);
              WindowStream::Window window;
              stream.next(window);
            }),
            expected);
  std::string header = bytes(kFlac | kPcm16);
  header.resize(4 + 38);                                                                           // its name and first block
  for (size_t i = 21; i < 26; ++i) header[i] = static_cast<char>(i == 21 ? header[i] & 0xf0 : 0);  // samples in all: not known
  header[4] |= static_cast<char>(0x80);                                                            // the last block
  expect_says(error_of(header), "holds no samples");
}

TEST_F(OddSounds, ChannelsThatCancelOutAreRemarked) {
  const auto x = sine(440, kRate, 1);
  const auto stereo = [&](float left, float right, float rest) {
    std::vector<float> both;
    for (size_t i = 0; i < x.size(); ++i) both.insert(both.end(), {left * x[i], right * x[i] + rest * x[(7 * i) % x.size()]});
    return wav_of(kRate, 2, both);
  };
  EXPECT_EQ(remarks_on(stereo(1, 1, 0)), std::vector<std::string>());
  EXPECT_EQ(remarks_on(stereo(1, 0, 0)), std::vector<std::string>());  // one channel alone
  EXPECT_EQ(remarks_on(stereo(1, -0.5f, 0)), std::vector<std::string>());
  const auto opposite = remarks_on(stereo(1, -1, 0)), nearly = remarks_on(stereo(1, -1, 0.01f));
  ASSERT_EQ(opposite.size(), 1u);
  expect_says(opposite[0], "is all zero when its channels are mixed: they cancel each other out; take one channel");
  ASSERT_EQ(nearly.size(), 1u);
  expect_says(nearly[0], "is next to silent when its channels are mixed: they cancel each other out");
  EXPECT_TRUE(examine(at("heard")).cancels_out);
}

TEST_F(OddSounds, SilenceIsRemarked) {
  EXPECT_EQ(remarks_on(wav_of(kRate, 1, std::vector<float>(kRate, 0.0f))), std::vector<std::string>{"is silent: it is all zero"});
  EXPECT_EQ(remarks_on(wav_of(kRate, 1, sine(440, kRate, 1, 1e-4))),
            std::vector<std::string>{"is silent: it never gets above -80 dBFS"});
}

TEST_F(OddSounds, SamplesFarBeyondFullScaleAreRemarked) {
  EXPECT_EQ(remarks_on(wav_of(kRate, 1, sine(440, kRate, 1, 1.5))), std::vector<std::string>());  // loud music as mp3
  EXPECT_EQ(remarks_on(wav_of(kRate, 1, sine(440, kRate, 1, 20000))),
            std::vector<std::string>{"holds samples up to 20000 times full scale: its range is another; scale it to -1 to 1"});
  EXPECT_TRUE(examine(at("heard")).far_beyond);
}

}  // namespace
}  // namespace cudenza::testing
