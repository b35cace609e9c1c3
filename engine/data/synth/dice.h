/// Random choices for one clip: functions of (seed, genre, index, purpose) only, independent of other draws.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/common/philox.h"

namespace cudenza::synth {

struct ClipKey {
  uint64_t seed = 0;
  int genre = 0;  ///< index into genre_names()
  int index = 0;  ///< of the clip within its genre
};

class Dice {
 public:
  Dice(const ClipKey& key, uint32_t purpose) : key_(key), purpose_(purpose) {}

  uint32_t word() {
    const uint32_t lane = drawn_ % 4;
    if (lane == 0) {
      four_ = kernels::philox4x32(key_.seed,
                                  {{drawn_ / 4, purpose_, static_cast<uint32_t>(key_.index), static_cast<uint32_t>(key_.genre)}});
    }
    ++drawn_;
    return four_.word[lane];
  }
  float uniform() { return kernels::uniform_of(word()); }  ///< [0, 1)
  float range(float low, float high) { return low + (high - low) * uniform(); }
  /// Log-uniform between two positive numbers.
  float ratio(float low, float high) { return low * std::pow(high / low, uniform()); }
  /// Within ±1, bell-shaped around 0: sum of four uniforms.
  float bell() { return (uniform() + uniform() + uniform() + uniform()) / 2 - 1; }
  bool chance(float p) { return uniform() < p; }
  int below(int n) { return static_cast<int>(static_cast<uint64_t>(word()) * static_cast<uint64_t>(n) >> 32); }
  template <class T, size_t N> const T& pick(const T (&choices)[N]) { return choices[below(static_cast<int>(N))]; }

 private:
  ClipKey key_;
  uint32_t purpose_;
  kernels::Random4 four_{};
  uint32_t drawn_ = 0;
};

/// White noise within ±1, cheap enough for each sample (xorshift; Marsaglia 2003).
class Noise {
 public:
  explicit Noise(Dice& dice) : state_(dice.word() | 1) {}
  float operator()() {
    state_ ^= state_ << 13, state_ ^= state_ >> 17, state_ ^= state_ << 5;
    return static_cast<float>(static_cast<int32_t>(state_)) * 0x1p-31f;
  }

 private:
  uint32_t state_;
};

}  // namespace cudenza::synth
