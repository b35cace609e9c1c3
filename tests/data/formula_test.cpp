/// Pictures by formula: each is a function of its numbers, none is empty, and classes can be told apart.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/core/error.h"
#include "engine/data/formula/formula_pictures.h"
#include "engine/data/synth/genres.h"
#include "engine/data/synth/style.h"
#include "tests/data/files.h"

namespace cudenza::testing {
namespace {

constexpr int kSide = 64;
using Bytes = std::vector<uint8_t>;
using Features = std::vector<double>;

Bytes drawn(const FormulaPictures& pictures, int64_t row, uint32_t draw) {
  const auto side = static_cast<size_t>(pictures.spec().side);
  Bytes y(3 * side * side);
  pictures.draw(row, draw, y);
  return y;
}

const FormulaPictures& few() {
  static const FormulaPictures pictures({.classes = 6, .per_class = 2, .side = kSide, .seed = 5});
  return pictures;
}

TEST(FormulaPictures, APictureDependsOnSeedRowAndDrawAlone) {
  const FormulaPictures again({.classes = 6, .per_class = 2, .side = kSide, .seed = 5});
  const FormulaPictures other({.classes = 6, .per_class = 2, .side = kSide, .seed = 6});
  for (int64_t row = 0; row < few().rows(); ++row) {
    const Bytes y = drawn(few(), row, 1);
    EXPECT_EQ(y, drawn(again, row, 1)) << row;
    EXPECT_NE(y, drawn(few(), row, 2)) << row;
    EXPECT_NE(y, drawn(few(), (row + 1) % few().rows(), 1)) << row;
    EXPECT_NE(y, drawn(other, row, 1)) << row;
  }
}

TEST(FormulaPictures, DoNotDependOnTheNumberOfThreads) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const FormulaPictures alone({.classes = 6, .per_class = 2, .side = kSide, .seed = 5});
  omp_set_num_threads(3);
  const FormulaPictures together({.classes = 6, .per_class = 2, .side = kSide, .seed = 5});
  omp_set_num_threads(threads);
  for (int64_t row = 0; row < alone.rows(); ++row) EXPECT_EQ(drawn(alone, row, 7), drawn(together, row, 7)) << row;
}

TEST(FormulaPictures, RowsAreClassByClassAndTwoOfEachAreHeldOut) {
  EXPECT_EQ(few().rows(), 6 * (2 + FormulaPictures::kHeldOut));
  std::map<int64_t, int> trained, held_out;
  for (int64_t row = 0; row < few().rows(); ++row) ++(few().is_held_out(row) ? held_out : trained)[few().label_of(row)];
  for (int64_t label = 0; label < 6; ++label) {
    EXPECT_EQ(trained[label], 2) << label;
    EXPECT_EQ(held_out[label], 2) << label;
  }
  EXPECT_EQ(few().classes(), (std::vector<std::string>{"fractal 0000", "fractal 0001", "fractal 0002", "music 0000 blues",
                                                       "music 0001 classical", "music 0002 country"}));
  EXPECT_TRUE(has(error_of<UsageError>([] { drawn(few(), few().rows(), 0); }), "there is no row 24 among 24"));
}

TEST(FormulaPictures, ValuesThatMakeNoSenseAreRefused) {
  const auto error = [](const FormulaSpec& spec) { return error_of<UsageError>([&] { FormulaPictures pictures(spec); }); };
  EXPECT_TRUE(has(error({.classes = 1}), "`classes` is 1, but must lie in 2"));
  EXPECT_TRUE(has(error({.classes = 10001}), "`classes` is 10001"));
  EXPECT_TRUE(has(error({.per_class = 0}), "`per_class` is 0, but must lie in 1"));
  EXPECT_TRUE(has(error({.side = 31}), "`image_size` is 31"));
  EXPECT_TRUE(has(error_of<UsageError>([] { formula_kind_from_name("photos"); }),
                  "there is no kind of pictures 'photos'; choose fractals, music or both"));
}

/// Deviation of the bytes from their mean, all colours together.
double deviation(const Bytes& y) {
  double mean = 0, square = 0;
  for (const uint8_t byte : y) mean += byte / static_cast<double>(y.size());
  for (const uint8_t byte : y) square += (byte - mean) * (byte - mean) / static_cast<double>(y.size());
  return std::sqrt(square);
}

/// Where a picture is not of its most frequent colour.
std::vector<bool> foreground(const Bytes& y) {
  std::map<std::array<uint8_t, 3>, int> counts;
  const auto colour = [&](size_t i) { return std::array{y[3 * i], y[3 * i + 1], y[3 * i + 2]}; };
  for (size_t i = 0; i < y.size() / 3; ++i) ++counts[colour(i)];
  const auto background = std::ranges::max_element(counts, {}, [](const auto& one) { return one.second; })->first;
  std::vector<bool> is_front;
  for (size_t i = 0; i < y.size() / 3; ++i) is_front.push_back(colour(i) != background);
  return is_front;
}

TEST(Fractals, FillTheirPictures) {
  for (int number = 0; number < 40; ++number) {
    const Fractal fractal = fractal_of(9, number);
    EXPECT_GE(filling_of(fractal), kLeastFilling) << number;
    EXPECT_GE(fractal.size(), 2u);
    EXPECT_LE(fractal.size(), 8u);
    for (int index = 0; index < 5; ++index) {
      synth::Dice dice({.seed = 9, .genre = number, .index = index}, 40);
      Bytes y(3 * kSide * kSide);
      draw_fractal(fractal, dice, kSide, y);
      EXPECT_GT(std::ranges::count(foreground(y), true), kSide * kSide / 20) << number << ", " << index;
    }
  }
}

TEST(Fractals, ThatGoToInfinityHaveNoFilling) {
  EXPECT_EQ(filling_of({{2, 0, 0, 2, 1, 1}, {2, 0, 0, 2, -1, 1}}), 0);
  EXPECT_LT(filling_of({{0.1f, 0, 0, 0.1f, 1, 1}, {0.1f, 0, 0, 0.1f, -1, 1}}), kLeastFilling);  // two clusters of dust
  EXPECT_GT(filling_of({{0.5f, 0, 0, 0.5f, 0, 0}, {0.5f, 0, 0, 0.5f, 1, 0}, {0.5f, 0, 0, 0.5f, 0, 1}, {0.5f, 0, 0, 0.5f, 1, 1}}),
            0.9f);  // four quarters of a square
}

/// The share of rows, those with `is_test`, whose class has the nearest mean of the other rows. Features are scaled to equal
/// deviations.
double nearest_mean(std::vector<Features> all, const std::vector<int>& labels, const std::vector<bool>& is_test, int classes) {
  const size_t size = all[0].size();
  for (size_t f = 0; f < size; ++f) {
    double mean = 0, square = 0;
    for (const Features& one : all) mean += one[f] / static_cast<double>(all.size());
    for (const Features& one : all) square += (one[f] - mean) * (one[f] - mean) / static_cast<double>(all.size());
    for (Features& one : all) one[f] /= std::sqrt(square) + 1e-9;
  }
  std::vector<Features> means(static_cast<size_t>(classes), Features(size));
  std::vector<int> counts(static_cast<size_t>(classes));
  for (size_t i = 0; i < all.size(); ++i) counts[static_cast<size_t>(labels[i])] += !is_test[i];
  for (size_t i = 0; i < all.size(); ++i) {
    const auto label = static_cast<size_t>(labels[i]);
    for (size_t f = 0; f < size; ++f) means[label][f] += is_test[i] ? 0 : all[i][f] / counts[label];
  }
  const auto distance = [&](const Features& a, const Features& b) {
    double sum = 0;
    for (size_t f = 0; f < size; ++f) sum += (a[f] - b[f]) * (a[f] - b[f]);
    return sum;
  };
  int right = 0, tested = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!is_test[i]) continue;
    const auto nearest = std::ranges::min_element(means, {}, [&](const Features& mean) { return distance(mean, all[i]); });
    right += nearest - means.begin() == labels[i];
    ++tested;
  }
  return static_cast<double>(right) / tested;
}

/// How much of a fractal lies at which distance from its middle, in units of the mean distance: the same however it is turned.
Features rings_of(const Bytes& y) {
  constexpr size_t kRings = 16;
  const std::vector<bool> is_front = foreground(y);
  const double count = static_cast<double>(std::ranges::count(is_front, true));
  double row = 0, column = 0, mean = 0;
  const auto each = [&](auto&& f) {
    for (size_t i = 0; i < is_front.size(); ++i) {
      if (is_front[i]) f(static_cast<double>(i / kSide), static_cast<double>(i % kSide));
    }
  };
  each([&](double r, double c) { row += r / count, column += c / count; });
  each([&](double r, double c) { mean += std::hypot(r - row, c - column) / count; });
  Features rings(kRings + 1);
  each([&](double r, double c) {
    const auto ring = static_cast<size_t>(kRings / 2.5 * std::hypot(r - row, c - column) / mean);
    rings[std::min(ring, kRings - 1)] += 1 / count;
  });
  rings[kRings] = count / (kSide * kSide);
  return rings;
}

TEST(Fractals, OfOneClassAreAlikeAndOthersAreNot) {
  constexpr int kClasses = 10, kEach = 16;
  std::vector<Features> all;
  std::vector<int> labels;
  std::vector<bool> is_test;
  for (int label = 0; label < kClasses; ++label) {
    for (int index = 0; index < kEach; ++index) {
      synth::Dice dice({.seed = 3, .genre = label, .index = index}, 40);
      Bytes y(3 * kSide * kSide);
      draw_fractal(fractal_of(3, label), dice, kSide, y);
      all.push_back(rings_of(y));
      labels.push_back(label);
      is_test.push_back(index % 4 == 0);
    }
  }
  EXPECT_GT(nearest_mean(all, labels, is_test, kClasses), 0.5);  // by chance 0.1
}

TEST(Styles, TakeTheGenresInTurnsAndAreDifferent) {
  for (int number = 0; number < 30; ++number) {
    const synth::Style style = synth::style_of(1, number), next = synth::style_of(1, number + 1);
    EXPECT_EQ(style.genre, number % synth::kGenres);
    EXPECT_EQ(style.tempo, synth::style_of(1, number).tempo);
    EXPECT_NE(style.tempo, next.tempo);
    EXPECT_GE(style.tempo, 0.65f);
    EXPECT_LE(style.tempo, 1.5f);
  }
}

/// A style changes what the composer wrote as it says, and nothing else.
TEST(Styles, AreWhatSongsFollow) {
  const synth::ClipKey key{.seed = 2, .genre = 0, .index = 0};
  synth::Style plain{.genre = 9};
  for (int i = 0; i < synth::kDrums; ++i) plain.kit[static_cast<size_t>(i)] = static_cast<synth::Drum>(i);
  synth::Style other = plain;
  other.transpose = 5, other.held = 0.5f, other.drum_gain = 0, other.band[0] = 9;  // a flute
  other.kit[static_cast<size_t>(synth::Drum::snare)] = synth::Drum::clap;
  synth::Dice a(key, 1), b(key, 1), c(key, 1);
  const synth::Song composed = synth::compose(9, c, 4), song = synth::song_in(plain, a, 4), changed = synth::song_in(other, b, 4);
  ASSERT_EQ(song.parts.size(), composed.parts.size());
  ASSERT_EQ(song.hits.size(), changed.hits.size());
  EXPECT_EQ(song.parts[1].timbre.voice, composed.parts[1].timbre.voice);
  EXPECT_EQ(changed.parts[0].timbre.voice, synth::Voice::pipe);
  EXPECT_EQ(song.drum_gain, composed.drum_gain);
  EXPECT_EQ(changed.drum_gain, 0);
  const synth::Note &was = song.parts[0].notes.at(3), &is = changed.parts[0].notes.at(3);
  EXPECT_EQ(was.pitch, composed.parts[0].notes.at(3).pitch);
  EXPECT_EQ(is.pitch, was.pitch + 5);
  EXPECT_EQ(is.start, was.start);
  EXPECT_NEAR(is.length, std::max(0.03, was.length / 2), 1e-9);
  const auto count = [](const synth::Song& s, synth::Drum drum) { return std::ranges::count(s.hits, drum, &synth::Hit::drum); };
  EXPECT_GT(count(song, synth::Drum::snare), 0);
  EXPECT_EQ(count(changed, synth::Drum::snare), 0);
  EXPECT_EQ(count(changed, synth::Drum::clap), count(song, synth::Drum::snare) + count(song, synth::Drum::clap));
}

TEST(Songs, ArePicturesOfSomething) {
  for (int number = 0; number < 10; ++number) {
    const SongPicture song = song_picture(4, number, 0);
    ASSERT_EQ(song.levels.size(), static_cast<size_t>(song.bands) * static_cast<size_t>(song.frames));
    EXPECT_EQ(*std::ranges::max_element(song.levels), 255);
    for (int index = 0; index < 10; ++index) {
      synth::Dice dice({.seed = 4, .genre = number, .index = index}, 40);
      Bytes y(3 * kSide * kSide);
      draw_song(song, dice, kSide, y);
      EXPECT_GT(deviation(y), 8) << number << ", " << index;
    }
  }
}

/// Mean and deviation over time in groups of bands, and how often each group's level rises.
Features features_of(const SongPicture& song) {
  constexpr int kGroups = 16;
  Features features;
  for (int g = 0; g < kGroups; ++g) {
    const int bands = song.bands / kGroups;
    std::vector<double> level(static_cast<size_t>(song.frames));
    for (int b = g * bands; b < (g + 1) * bands; ++b) {
      for (int t = 0; t < song.frames; ++t)
        level[static_cast<size_t>(t)] += song.levels[static_cast<size_t>(b * song.frames + t)] / static_cast<double>(bands);
    }
    double mean = 0, square = 0, rises = 0;
    for (const double x : level) mean += x / static_cast<double>(level.size());
    for (const double x : level) square += (x - mean) * (x - mean) / static_cast<double>(level.size());
    for (size_t t = 1; t < level.size(); ++t) rises += level[t] > level[t - 1] + 12;
    features.insert(features.end(), {mean, std::sqrt(square), rises});
  }
  return features;
}

TEST(Songs, OfOneStyleAreAlikeAndOthersAreNot) {
  constexpr int kStyles = 8, kEach = 6;
  std::vector<Features> all;
  std::vector<int> labels;
  std::vector<bool> is_test;
  for (int label = 0; label < kStyles; ++label) {
    for (int index = 0; index < kEach; ++index) {
      all.push_back(features_of(song_picture(3, label, index)));
      labels.push_back(label);
      is_test.push_back(index % 3 == 0);
    }
  }
  EXPECT_GT(nearest_mean(all, labels, is_test, kStyles), 0.5);  // by chance 0.125
}

}  // namespace
}  // namespace cudenza::testing
