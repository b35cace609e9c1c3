#include "tests/data/bad_inputs.h"

#include <limits>

#include "engine/audio/wav_file.h"
#include "engine/data/synth/synth.h"
#include "tests/data/files.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace fs = std::filesystem;
namespace {

constexpr int kRate = kSynthRate;

std::vector<float> music(int index, double seconds = 2) {
  std::vector<float> x;
  for (const int16_t sample : synth_clip(9, index % 10, index, seconds)) x.push_back(static_cast<float>(sample) / 32768);
  return x;
}

void copy_part(const fs::path& from, const fs::path& to, double share) {
  fs::copy_file(from, to);
  fs::resize_file(to, static_cast<uintmax_t>(share * static_cast<double>(fs::file_size(from))));
}

/// A wav file whose header promises `hours` of 8,000 Hz 8 bit; the sound is a second long, the rest a hole (bytes 0: the lowest
/// level, held).
void write_long(const fs::path& path, double hours) {
  write_sound(path, sound::kWav | sound::kPcmU8, 8000, 1, sine(300, 8000, 1));
  const auto samples = static_cast<uint32_t>(hours * 3600 * 8000);
  fs::resize_file(path, 44 + samples);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const uint32_t riff = samples + 36;
  file.seekp(4).write(reinterpret_cast<const char*>(&riff), 4);
  file.seekp(40).write(reinterpret_cast<const char*>(&samples), 4);
}

void make_broken(const fs::path& bad, const fs::path& good) {
  copy_part(good / "1.wav", bad / "truncated.wav", 0.6);
  write_sound(bad / "whole.flac", sound::kFlac | sound::kPcm16, kRate, 1, music(30));
  copy_part(bad / "whole.flac", bad / "cut.flac", 0.5);
  fs::remove(bad / "whole.flac");
  write_file(bad / "empty.wav");
  write_wav(bad / "no_samples.wav", kRate, {});
  write_file(bad / "text.wav", "this is no sound\nbut text\n");
  write_file(bad / "noise.flac", std::string(5000, '\x5A'));
  fs::create_symlink("nowhere.wav", bad / "link_to_nothing.wav");
  fs::create_directories(bad / "folder.wav");
  write_file(bad / "unreadable.wav", "RIFF");
  fs::permissions(bad / "unreadable.wav", fs::perms::none);  // root reads it nevertheless, and finds it broken
}

void make_odd(const fs::path& bad, double long_hours) {
  std::vector<float> x = music(31);
  x[1000] = std::numeric_limits<float>::quiet_NaN();
  write_sound(bad / "nan.wav", sound::kWav | sound::kFloat, kRate, 1, x);
  write_wav(bad / "zero.wav", kRate, std::vector<float>(2 * kRate));
  std::vector<float> loud = music(32);
  for (float& value : loud) value = std::clamp(20 * value, -1.0f, 1.0f);
  write_wav(bad / "clipped.wav", kRate, loud);
  write_wav(bad / "short.wav", kRate, music(33, 0.6));
  write_wav(bad / "rate_8000.wav", 8000, music(34));
  write_wav(bad / "rate_192000.wav", 192000, sine(440, 192000, 2));
  std::vector<float> eight, opposite;
  for (const float value : music(35)) eight.insert(eight.end(), 8, value);
  for (const float value : music(36)) opposite.insert(opposite.end(), {value, -value});
  write_sound(bad / "channels_8.wav", sound::kWav | sound::kPcm16, kRate, 8, eight);
  write_sound(bad / "opposite.wav", sound::kWav | sound::kPcm16, kRate, 2, opposite);
  write_sound(bad / "is_flac.wav", sound::kFlac | sound::kPcm16, kRate, 1, music(37));
  write_long(bad / "hours_long.wav", long_hours);
}

void make_duplicates(const fs::path& bad, const fs::path& good) {
  fs::copy_file(good / "2.wav", bad / "copy_of_2.wav");
  write_sound(bad / "samples_of_3.flac", sound::kFlac | sound::kPcm16, kRate, 1, music(3));
  std::vector<float> quiet = music(4, 8);
  for (float& value : quiet) value *= 0.3f;
  write_sound(bad / "sound_of_4.ogg", sound::kOgg | sound::kVorbis, kRate, 1, quiet);
  const std::vector<float> part = music(5, 8);
  write_wav(bad / "part_of_5.wav", kRate, {part.begin() + 3 * kRate, part.begin() + 6 * kRate});
  write_wav(bad / "same_name.wav", kRate, music(38));
  write_sound(bad / "same_name.flac", sound::kFlac | sound::kPcm16, kRate, 1, music(39));
}

}  // namespace

void make_bad_inputs(const fs::path& data, double long_hours) {
  const fs::path good = data / "good", bad = data / "bad";
  fs::create_directories(good);
  fs::create_directories(bad);
  fs::create_directories(data / "nothing");
  for (int i = 0; i < 11; ++i) write_wav(good / fmt::format("{}.wav", i), kRate, music(i, i == 4 || i == 5 ? 8 : 2));
  make_broken(bad, good);
  make_odd(bad, long_hours);
  make_duplicates(bad, good);
}

}  // namespace cudenza::testing
