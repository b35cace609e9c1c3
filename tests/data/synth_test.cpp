/// The synthetic genres: what they must not be told apart by, and what they can be told apart by.
#include "engine/data/synth/synth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <future>

#include "engine/audio/decode.h"
#include "engine/audio/mel.h"
#include "engine/audio/wav_file.h"
#include "engine/core/error.h"
#include "engine/data/synth/folder.h"
#include "engine/io/atomic_file.h"
#include "tests/data/files.h"
#include "tests/support/content_of.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr int kGenres = 10;

TEST(Synth, AClipDependsOnSeedGenreAndIndexAlone) {
  const auto clip = synth_clip(1, 3, 7, 2);
  EXPECT_EQ(clip.size(), 2u * kSynthRate);
  EXPECT_EQ(clip, synth_clip(1, 3, 7, 2));
  EXPECT_NE(clip, synth_clip(2, 3, 7, 2));
  EXPECT_NE(clip, synth_clip(1, 4, 7, 2));
  EXPECT_NE(clip, synth_clip(1, 3, 8, 2));
}

TEST(Synth, NothingClipsAndNothingIsSilent) {
  for (int genre = 0; genre < kGenres; ++genre) {
    for (int index = 0; index < 3; ++index) {
      double power = 0;
      int peak = 0;
      const auto clip = synth_clip(11, genre, index, 3);
      for (const int16_t sample : clip) {
        peak = std::max(peak, std::abs(int{sample}));
        power += static_cast<double>(sample) * sample;
      }
      EXPECT_LT(peak, 32700) << synth_genres()[static_cast<size_t>(genre)];
      const double db = 10 * std::log10(power / static_cast<double>(clip.size())) - 20 * std::log10(32768);
      EXPECT_GT(db, -28) << synth_genres()[static_cast<size_t>(genre)];
      EXPECT_LT(db, -14) << synth_genres()[static_cast<size_t>(genre)];
    }
  }
}

TEST(Synth, LengthsThatMakeNoSenseAreRefused) {
  for (const double seconds : {0.0, -1.0, 0.4, 3601.0, std::nan("")})
    EXPECT_TRUE(has(error_of<UsageError>([&] { synth_clip(1, 0, 0, seconds); }), "choose 0.5 to 3600")) << seconds;
  EXPECT_TRUE(has(error_of<UsageError>([] { synth_clip(1, 10, 0, 1); }), "choose 0 to 9"));
  EXPECT_EQ(synth_clip(1, 0, 0, 0.5).size(), 11025u);
}

TEST(Synth, FoldersAreTheSameWhateverTheThreads) {
  const ScratchFolder folder;
  int64_t calls = 0;
  write_synth_folder(folder / "a", {.clips = 2, .seconds = 0.5, .seed = 3},
                     [&](int64_t, int64_t total) { calls += total == 20; });
  EXPECT_EQ(calls, 20);
  const Dataset data = open_dataset(folder / "a");
  ASSERT_EQ(data.items.size(), 20u);
  EXPECT_EQ(data.classes, std::vector<std::string>(synth_genres().begin(), synth_genres().end()));
  for (const Item& item : data.items) {
    const int index = item.path[item.path.size() - 5] - '0';
    EXPECT_EQ(hear(data.path_of(item), 0).pcm.to_vector<int16_t>(), synth_clip(3, item.label, index, 0.5)) << item.path;
  }
}

TEST(Synth, AFolderWithOtherThingsIsLeftAlone) {
  const ScratchFolder folder;
  write_synth_folder(folder / "a", {.clips = 2, .seconds = 0.5});
  write_synth_folder(folder / "a", {.clips = 3, .seconds = 0.5});  // more of the same
  const auto refused = [&](int clips) {
    return error_of<UsageError>([&] { write_synth_folder(folder / "a", {.clips = clips, .seconds = 0.5}); });
  };
  EXPECT_TRUE(has(refused(2), "already holds")) << refused(2);
  write_file(folder / "a/notes.txt", "mine");
  EXPECT_TRUE(has(refused(3), "already holds notes.txt, which is not of this data set; name a new folder")) << refused(3);
}

TEST(Synth, RecordingsOfTheSameNameAreNotReplaced) {
  const ScratchFolder folder;
  write_file(folder / "genres/rock/rock.00001.wav", "a recording");
  const auto error = error_of<UsageError>([&] { write_synth_folder(folder / "genres", {.clips = 2, .seconds = 0.5}); });
  EXPECT_TRUE(has(error, "rock.00001.wav is there already and is not what this call makes; name a new folder")) << error;
  EXPECT_EQ(content_of(folder / "genres/rock/rock.00001.wav"), "a recording");
  EXPECT_FALSE(fs::exists(folder / "genres/blues"));  // nothing is added either
  write_synth_folder(folder / "ours", {.clips = 1, .seconds = 0.5, .seed = 1});
  const std::string before = content_of(folder / "ours/rock/rock.00000.wav");
  EXPECT_THROW(write_synth_folder(folder / "ours", {.clips = 1, .seconds = 0.5, .seed = 2}), UsageError);
  EXPECT_EQ(content_of(folder / "ours/rock/rock.00000.wav"), before);
}

TEST(Synth, WavFilesHoldWhatWasWritten) {
  const ScratchFolder folder;
  const std::vector<int16_t> pcm = {0, 1, -1, 32767, -32768, 258};
  write_atomically(folder / "x.wav", encode_wav(pcm, 8000));
  EXPECT_EQ(fs::file_size(folder / "x.wav"), 44u + 12u);
  const SoundInfo info = probe(folder / "x.wav");
  EXPECT_EQ(info.sample_rate, 8000);
  EXPECT_EQ(info.frames, 6);
  EXPECT_EQ(info.remark, "");
  EXPECT_EQ(hear(folder / "x.wav", 0).pcm.to_vector<int16_t>(), pcm);
}

// What can be told from what.

using Features = std::vector<double>;

/// A few clips of each genre, each as log-mel spectrogram and loudness.
struct Heard {
  int genre;
  double loudness;
  std::vector<float> mel_db;  // [kBands, frames]
};
constexpr int kBands = 48, kClips = 30, kTrain = 20;
constexpr double kSeconds = 5;

const std::vector<Heard>& heard() {
  static const std::vector<Heard> all = [] {
    MelSpec spec;
    spec.sample_rate = kSynthRate;
    spec.n_fft = 1024;
    spec.hop = 441;
    spec.n_mels = kBands;
    const LogMel log_mel(spec);
    std::vector<Heard> clips(kGenres * kClips);
    const auto listen = [&](int genre) {
      for (int index = 0; index < kClips; ++index) {
        const auto pcm = synth_clip(77, genre, index, kSeconds);
        double power = 0;
        for (const int16_t sample : pcm) power += static_cast<double>(sample) * sample;
        const Tensor mel = log_mel(Tensor::from(pcm, {1, static_cast<int64_t>(pcm.size())}));
        clips[static_cast<size_t>(index * kGenres + genre)] = {genre, 10 * std::log10(power), mel.to_vector<float>()};
      }
    };
    std::vector<std::future<void>> listeners;
    for (int genre = 0; genre < kGenres; ++genre) listeners.push_back(std::async(std::launch::async, listen, genre));
    for (auto& listener : listeners) listener.get();
    return clips;
  }();
  return all;
}

size_t frames_of(const Heard& clip) { return clip.mel_db.size() / kBands; }

/// Loudness, and the mean of each band in decibels or of its power.
Features mean_spectrum(const Heard& clip, bool of_power) {
  Features features = {clip.loudness};
  for (size_t b = 0; b < kBands; ++b) {
    double sum = 0;
    for (size_t t = 0; t < frames_of(clip); ++t) {
      const double db = clip.mel_db[b * frames_of(clip) + t];
      sum += of_power ? std::pow(10, db / 10) : db;
    }
    features.push_back(of_power ? 10 * std::log10(sum) : sum / static_cast<double>(frames_of(clip)));
  }
  return features;
}

/// How strongly each of six groups of bands pulses at frequencies of rhythm: nothing of its level remains.
Features rhythm(const Heard& clip) {
  constexpr size_t kGroups = 6;
  constexpr double kFramesPerSecond = 50;
  Features features;
  for (size_t g = 0; g < kGroups; ++g) {
    std::vector<double> envelope(frames_of(clip));
    double mean = 0;
    for (size_t t = 0; t < envelope.size(); ++t) {
      for (size_t b = g * kBands / kGroups; b < (g + 1) * kBands / kGroups; ++b)
        envelope[t] += clip.mel_db[b * frames_of(clip) + t];
      mean += envelope[t] / static_cast<double>(envelope.size());
    }
    for (double hz = 0.4; hz < 16; hz *= 1.22) {
      std::complex<double> sum = 0;
      for (size_t t = 0; t < envelope.size(); ++t)
        sum += (envelope[t] - mean) * std::polar(1.0, -2 * M_PI * hz * static_cast<double>(t) / kFramesPerSecond);
      features.push_back(std::log(std::abs(sum) + 1));
    }
  }
  return features;
}

/// Features of all clips, each scaled to mean 0 and deviation 1 over the training clips.
std::vector<Features> standardised(const std::function<Features(const Heard&)>& features_of) {
  std::vector<Features> all;
  for (const Heard& clip : heard()) all.push_back(features_of(clip));
  constexpr size_t kTraining = kTrain * kGenres;  // clips come genre by turn, so the first are the training clips
  for (size_t f = 0; f < all[0].size(); ++f) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < kTraining; ++i) mean += all[i][f] / kTraining;
    for (size_t i = 0; i < kTraining; ++i) square += (all[i][f] - mean) * (all[i][f] - mean) / kTraining;
    for (Features& one : all) one[f] = (one[f] - mean) / (std::sqrt(square) + 1e-9);
  }
  return all;
}

/// The share of the test clips whose genre has the highest score, x·w[genre] + bias.
double accuracy(const std::vector<Features>& all, const std::vector<Features>& w) {
  int right = 0;
  for (size_t i = kTrain * kGenres; i < all.size(); ++i) {
    std::vector<double> score;
    for (const Features& row : w) {
      score.push_back(row.back());
      for (size_t f = 0; f < all[i].size(); ++f) score.back() += row[f] * all[i][f];
    }
    right += std::ranges::max_element(score) - score.begin() == heard()[i].genre;
  }
  return right / static_cast<double>((kClips - kTrain) * kGenres);
}

/// Nearest mean: -|x - c|² orders as x·c - |c|²/2.
double nearest_centroid(const std::vector<Features>& all) {
  std::vector<Features> w(kGenres, Features(all[0].size() + 1));
  for (size_t i = 0; i < kTrain * kGenres; ++i) {
    Features& row = w[static_cast<size_t>(heard()[i].genre)];
    for (size_t f = 0; f < all[i].size(); ++f) row[f] += all[i][f] / kTrain;
  }
  for (Features& row : w) {
    for (size_t f = 0; f + 1 < row.size(); ++f) row.back() -= row[f] * row[f] / 2;
  }
  return accuracy(all, w);
}

/// Multinomial logistic regression by plain gradient descent, with weight decay.
double logistic(const std::vector<Features>& all) {
  std::vector<Features> w(kGenres, Features(all[0].size() + 1));
  constexpr double kStep = 0.3, kDecay = 0.01;
  for (int round = 0; round < 400; ++round) {
    std::vector<Features> gradient(kGenres, Features(all[0].size() + 1));
    for (size_t i = 0; i < kTrain * kGenres; ++i) {
      double p[kGenres], sum = 0;
      for (size_t c = 0; c < kGenres; ++c) {
        double score = w[c].back();
        for (size_t f = 0; f < all[i].size(); ++f) score += w[c][f] * all[i][f];
        sum += p[c] = std::exp(score);
      }
      for (size_t c = 0; c < kGenres; ++c) {
        const double error = (p[c] / sum - (static_cast<int>(c) == heard()[i].genre)) / (kTrain * kGenres);
        for (size_t f = 0; f < all[i].size(); ++f) gradient[c][f] += error * all[i][f];
        gradient[c].back() += error;
      }
    }
    for (size_t c = 0; c < kGenres; ++c) {
      for (size_t f = 0; f < w[c].size(); ++f) w[c][f] -= kStep * (gradient[c][f] + kDecay * w[c][f]);
    }
  }
  return accuracy(all, w);
}

TEST(SynthGenres, LoudnessAndMeanSpectrumDoNotTellThemApart) {
  for (const bool of_power : {false, true}) {
    const auto all = standardised([&](const Heard& clip) { return mean_spectrum(clip, of_power); });
    const double by_centroid = nearest_centroid(all), by_regression = logistic(all);
    EXPECT_LT(by_centroid, 0.5);
    EXPECT_LT(by_regression, 0.5);
  }
}

TEST(SynthGenres, RhythmTellsThemApart) {
  const auto all = standardised(rhythm);
  const double by_centroid = nearest_centroid(all), by_regression = logistic(all);
  EXPECT_GT(by_centroid, 0.6);
  EXPECT_GT(by_regression, 0.6);
}

}  // namespace
}  // namespace cudenza::testing
