#include "engine/data/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "engine/audio/decode.h"
#include "engine/audio/mel.h"

namespace cudenza {
namespace {

constexpr int kRate = 6000, kWindow = 2400, kHop = 72, kBands = 33;  // 33 bands have 32 differences
constexpr int kBlockFrames = 4096;                                   // frames decoded and converted at once
// A band this far below the sound's loudest is silence or rounding; its differences carry no information.
constexpr float kAudibleDb = 60;

const LogMel& mel_transform() {
  static const LogMel log_mel([] {
    MelSpec spec;
    spec.sample_rate = kRate;
    spec.n_fft = kWindow;
    spec.hop = kHop;
    spec.centre = false;
    spec.n_mels = kBands;
    spec.fmin = 300;
    spec.fmax = 2000;
    spec.scale = MelScale::htk;
    spec.norm = MelNorm::none;
    spec.top_db.reset();
    return spec;
  }());
  return log_mel;
}

/// Builds a fingerprint from spectrograms, piece by piece.
class FingerprintBuilder {
 public:
  /// mel is [bands, frames].
  void add(const float* mel, int frames) {
    for (int t = 0; t < frames; ++t) {
      float bands[kBands], loudest = -1000;
      for (int b = 0; b < kBands; ++b) loudest = std::max(loudest, bands[b] = mel[b * frames + t]);
      if (has_last_) {
        uint32_t word = 0;
        for (int b = 0; b < 32; ++b) word |= static_cast<uint32_t>(bands[b] - bands[b + 1] > last_[b] - last_[b + 1]) << b;
        words_.push_back(word);
        levels_.push_back(loudest);
      }
      std::ranges::copy(bands, last_);
      has_last_ = true;
    }
  }

  Fingerprint finish() {
    Fingerprint print{std::move(words_), {}};
    const float loudest = levels_.empty() ? 0 : *std::ranges::max_element(levels_);
    for (const float level : levels_) print.audible.push_back(level > loudest - kAudibleDb && level > -90);
    return print;
  }

 private:
  std::vector<uint32_t> words_;
  std::vector<float> levels_;  // level of each word's loudest band
  float last_[kBands] = {};
  bool has_last_ = false;
};

/// Passes all samples to `take` in blocks that overlap by a window less a hop.
template <class Take> void read_blocks(const std::filesystem::path& path, Take&& take) {
  PcmStream stream(path, kRate);
  constexpr size_t kBlock = kWindow + (kBlockFrames - 1) * kHop, kKept = kWindow - kHop;
  std::vector<float> block(kBlock);
  size_t have = 0;
  while (true) {
    size_t got = 0;
    try {
      got = stream.read(std::span(block).subspan(have));
    } catch (const DataError&) {  // a damaged file: what came before is used
    }
    have += got;
    if (have >= kWindow) take(std::span<const float>(block).first(have));
    if (have < kBlock) return;
    std::copy(block.end() - kKept, block.end(), block.begin());
    have = kKept;
  }
}

// Matching.

struct Place {
  uint32_t word;
  int sound, frame;
};

/// A pair of sounds and the offset of b in a, in frames.
struct Alignment {
  int a, b, offset;
  auto operator<=>(const Alignment&) const = default;
};

/// Whether a word is used for the search: not one of silence or steady tones, and only a quarter of the rest.
bool is_key(const Fingerprint& print, size_t frame) {
  const uint32_t word = print.words[frame];
  const int ones = std::popcount(word);
  return print.audible[frame] && ones >= 6 && ones <= 26 && (word * 2654435761u) >> 30 == 0;
}

/// Pairs of sounds, and offsets at which they share several words.
std::vector<Alignment> candidates(std::span<const Fingerprint> prints) {
  std::vector<Place> places;
  for (size_t s = 0; s < prints.size(); ++s) {
    for (size_t f = 0; f < prints[s].words.size(); ++f) {
      if (is_key(prints[s], f)) places.push_back({prints[s].words[f], static_cast<int>(s), static_cast<int>(f)});
    }
  }
  std::ranges::sort(places, [](const Place& x, const Place& y) {
    return std::tie(x.word, x.sound, x.frame) < std::tie(y.word, y.sound, y.frame);
  });
  constexpr ptrdiff_t kCommon = 256;  // a word in this many places carries no information
  constexpr int kCoarse = 4;          // frames: votes for neighbouring offsets are added
  std::map<Alignment, int> votes;
  for (auto begin = places.begin(); begin != places.end();) {
    const auto end = std::find_if(begin, places.end(), [&](const Place& place) { return place.word != begin->word; });
    for (auto x = begin; end - begin < kCommon && x != end; ++x) {
      for (auto y = x + 1; y != end; ++y) {
        if (x->sound != y->sound) ++votes[{x->sound, y->sound, (x->frame - y->frame + (1 << 28)) / kCoarse}];
      }
    }
    begin = end;
  }
  std::vector<Alignment> found;
  for (const auto& [place, count] : votes) {
    const auto next = votes.find({place.a, place.b, place.offset + 1});
    if (count + (next == votes.end() ? 0 : next->second) < 2) continue;
    for (int fine = -1; fine <= kCoarse; ++fine) found.push_back({place.a, place.b, place.offset * kCoarse - (1 << 28) + fine});
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

constexpr int kBlockWords = 64;  // 0.77 s, compared at once
constexpr double kMostDiffering = 0.3, kMostDifferingShort = 0.22;

struct Stretch {
  int words = 0, audible = 0, differing = 0;
  double rate() const { return audible > 0 ? differing / (32.0 * audible) : 1; }
  /// Distance from chance: longer and more alike is higher.
  double weight() const { return words * (0.5 - rate()); }
};

/// Longest stretch that two sounds share if b begins at frame `offset` of a: consecutive blocks of words that agree. Silence in
/// both extends a stretch, but does not start one.
Stretch longest_shared(const Fingerprint& a, const Fingerprint& b, int offset) {
  const int begin = std::max(0, offset);
  const int end = static_cast<int>(std::min<int64_t>(ssize(a.words), ssize(b.words) + offset));
  Stretch best, run;
  for (int first = begin; first < end; first += kBlockWords) {
    Stretch block{std::min(kBlockWords, end - first), 0, 0};
    for (int f = first; f < first + block.words; ++f) {
      const auto i = static_cast<size_t>(f), j = static_cast<size_t>(f - offset);
      if (!a.audible[i] && !b.audible[j]) continue;
      ++block.audible;
      block.differing += std::popcount(a.words[i] ^ b.words[j]);
    }
    if (block.audible > 0 && block.rate() > kMostDiffering) {
      run = {};
      continue;
    }
    run = {run.words + block.words, run.audible + block.audible, run.differing + block.differing};
    if (run.words > best.words) best = run;
  }
  return best;
}

}  // namespace

Fingerprint fingerprint_of(const std::filesystem::path& path) {
  FingerprintBuilder builder;
  try {
    read_blocks(path, [&](std::span<const float> samples) {
      const Tensor mel = mel_transform()(Tensor::from(samples, {1, static_cast<int64_t>(samples.size())}));
      builder.add(mel.data<float>(), static_cast<int>(mel.size(2)));
    });
  } catch (const DataError&) {  // no sound at all
  }
  return builder.finish();
}

std::vector<SoundMatch> find_matches(std::span<const Fingerprint> prints) {
  constexpr double kLong = 3, kShort = 1.2, kWhole = 0.9;
  std::map<std::pair<int, int>, std::pair<SoundMatch, Stretch>> best;
  for (const Alignment& place : candidates(prints)) {
    const Fingerprint &a = prints[static_cast<size_t>(place.a)], &b = prints[static_cast<size_t>(place.b)];
    const Stretch shared = longest_shared(a, b, place.offset);
    const double seconds = shared.words * Fingerprint::kSecondsPerFrame, shorter = std::min(a.seconds(), b.seconds());
    const bool is_long = seconds >= kLong && shared.audible * Fingerprint::kSecondsPerFrame >= kLong / 2;
    const bool is_whole = seconds >= kShort && seconds >= kWhole * shorter && shared.rate() <= kMostDifferingShort &&
                          shared.audible * Fingerprint::kSecondsPerFrame >= kShort;
    if (!is_long && !is_whole) continue;
    auto& [match, stretch] = best[{place.a, place.b}];
    if (shared.weight() <= stretch.weight()) continue;
    stretch = shared;
    match = {place.a,
             place.b,
             seconds,
             place.offset * Fingerprint::kSecondsPerFrame,
             std::min(1.0, seconds / a.seconds()),
             std::min(1.0, seconds / b.seconds()),
             shared.rate()};
  }
  std::vector<SoundMatch> matches;
  for (const auto& [pair, found] : best) matches.push_back(found.first);
  return matches;
}

}  // namespace cudenza
