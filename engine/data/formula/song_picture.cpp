#include "engine/data/formula/song_picture.h"

#include <algorithm>
#include <cmath>

#include "engine/audio/mel.h"
#include "engine/data/formula/palette.h"
#include "engine/data/synth/mix.h"

namespace cudenza {
namespace {

using synth::Dice;

constexpr double kSeconds = 20;
constexpr int kBands = 160, kHop = 1024;
constexpr float kLeastRange = 80;  // of levels in a picture: where a song rests, another part of it is looked for
constexpr int kTrials = 8;
constexpr double kRange = 80;                                       // decibels in 255 levels
constexpr float kRowsOfAll = 304, kColumnsOfASecond = 400 / 30.0f;  // of a picture in recipe transfer
enum Purpose : uint32_t { kComposing = 9, kKit, kPlaying };         // other than a clip's (synth.cpp) and a style's

const LogMel& log_mel() {
  static const LogMel log_mel([] {
    MelSpec spec = MelSpec::preset("seed");
    spec.sample_rate = synth::kSampleRate;
    spec.hop = kHop;
    spec.n_mels = kBands;
    spec.top_db = kRange;
    return spec;
  }());
  return log_mel;
}

/// The part of a song that is shown: from `top` down to `top - height` in bands, `width` frames from `left` on.
struct Window {
  float top, height, left, width;
};

Window window_of(const SongPicture& song, Dice& dice, int side) {
  constexpr float kFramesASecond = synth::kSampleRate / static_cast<float>(kHop);
  const auto shown = static_cast<float>(side);
  const float bands = static_cast<float>(song.bands - 1), frames = static_cast<float>(song.frames - 1);
  const float height = std::min(bands, shown / kRowsOfAll * bands * dice.ratio(0.7f, 1.6f));
  const float width = std::min(frames, shown / kColumnsOfASecond * kFramesASecond * dice.ratio(0.7f, 1.6f));
  return {height + (bands - height) * dice.uniform(), height, (frames - width) * dice.uniform(), width};
}

/// What is added to each band: a slope and some hills, in levels.
std::vector<float> equaliser_of(int bands, Dice& dice) {
  constexpr float kLevelsADecibel = 255 / static_cast<float>(kRange);
  std::vector<float> curve(static_cast<size_t>(bands));
  const float slope = dice.range(-25, 15);
  for (int b = 0; b < bands; ++b)
    curve[static_cast<size_t>(b)] = kLevelsADecibel * slope * static_cast<float>(b) / static_cast<float>(bands);
  for (int hill = 0; hill < 4; ++hill) {
    const float height = kLevelsADecibel * 12 * dice.bell(), centre = dice.range(0, static_cast<float>(bands)),
                width = dice.ratio(5, 50);
    for (int b = 0; b < bands; ++b) {
      const float distance = (static_cast<float>(b) - centre) / width;
      curve[static_cast<size_t>(b)] += height * std::exp(-distance * distance);
    }
  }
  return curve;
}

/// The window's levels [side, side], high frequencies first, between two neighbours each way.
std::vector<float> seen(const SongPicture& song, const Window& window, const std::vector<float>& equaliser, int side) {
  std::vector<float> levels;
  levels.reserve(static_cast<size_t>(side) * static_cast<size_t>(side));
  const float steps = static_cast<float>(side - 1);
  for (int i = 0; i < side; ++i) {
    const float band = std::max(0.0f, window.top - window.height * static_cast<float>(i) / steps);
    const int low = std::min(static_cast<int>(band), song.bands - 2);
    const float upper = band - static_cast<float>(low);
    const uint8_t* const below = song.levels.data() + static_cast<std::ptrdiff_t>(low) * song.frames;
    const uint8_t* const above = below + song.frames;
    const float added = (1 - upper) * equaliser[static_cast<size_t>(low)] + upper * equaliser[static_cast<size_t>(low) + 1];
    for (int j = 0; j < side; ++j) {
      const float frame = window.left + window.width * static_cast<float>(j) / steps;
      const int before = std::min(static_cast<int>(frame), song.frames - 2);
      const float later = frame - static_cast<float>(before);
      const auto at = [&](const uint8_t* row) {
        return (1 - later) * static_cast<float>(row[before]) + later * static_cast<float>(row[before + 1]);
      };
      levels.push_back(added + (1 - upper) * at(below) + upper * at(above));
    }
  }
  return levels;
}

float range_of(const std::vector<float>& levels) {
  const auto [least, most] = std::ranges::minmax(levels);
  return most - least;
}

}  // namespace

SongPicture song_picture(uint64_t seed, int number, int index) {
  const synth::Style style = synth::style_of(seed, number);
  const synth::ClipKey key{seed, number, index};
  Dice composing(key, kComposing), kit(key, kKit), playing(key, kPlaying);
  const std::vector<float> sound = synth::mix_of(synth::song_in(style, composing, kSeconds), kit, playing);
  const Tensor mel_db = log_mel()(Tensor::from(sound, {1, std::ssize(sound)}));
  const std::span<const float> db = mel_db.span<float>();
  const float highest = *std::ranges::max_element(db);
  SongPicture picture{.bands = kBands, .frames = static_cast<int>(mel_db.size(2)), .levels = {}};
  for (const float value : db)
    picture.levels.push_back(static_cast<uint8_t>(std::clamp(255 * (1 + (value - highest) / kRange), 0.0, 255.0)));
  return picture;
}

void draw_song(const SongPicture& song, Dice& dice, int side, std::span<uint8_t> y) {
  const std::vector<float> equaliser = equaliser_of(song.bands, dice);
  std::vector<float> levels = seen(song, window_of(song, dice, side), equaliser, side);
  for (int trial = 1; trial < kTrials && range_of(levels) < kLeastRange; ++trial)
    levels = seen(song, window_of(song, dice, side), equaliser, side);
  const auto [least, most] = std::ranges::minmax(levels);
  const float range = std::max(most - least, 1.0f), floor = least + range * dice.range(0, 0.5f), grain = dice.range(0, 20);
  const float bend = dice.ratio(0.7f, 1.4f);
  Palette palette = random_palette(dice);
  std::array<uint8_t, 256> bent{};
  for (size_t i = 0; i < bent.size(); ++i) bent[i] = static_cast<uint8_t>(255 * std::pow(static_cast<float>(i) / 255, bend));
  synth::Noise noise(dice);
  for (size_t i = 0; i < levels.size(); ++i) {
    const float level = 255 * (levels[i] - floor) / (most - floor + 1) + grain * noise();
    const auto& colour = palette[bent[static_cast<size_t>(std::clamp(level, 0.0f, 255.0f))]];
    std::ranges::copy(colour, y.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
}

}  // namespace cudenza
