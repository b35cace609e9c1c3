/// How the draws of a clip are named: functions of (seed, round, clip, purpose) and of nothing else, so that they are the same
/// on both devices and whatever stands beside the clip in a batch.
#pragma once
#include <cstdint>

#include "kernels/common/philox.h"

namespace cudenza::kernels {

/// What rounds are counted in: training draws anew each epoch, test-time augmentation for each variant.
enum class Rounds : uint32_t { epochs = 0xFFFFFF00u, variants = 0xFFFFFF80u };

/// What is drawn, each from a stream of its own. Added to Rounds: far from the op numbers that a training step's ops have.
enum class Purpose : uint32_t { plan, noise, masks };

/// One clip in one round.
struct ClipKey {
  uint64_t seed;
  Rounds rounds;
  uint32_t round, clip;
};

HOST_DEVICE uint32_t op_of(Rounds rounds, Purpose purpose) {
  return static_cast<uint32_t>(rounds) + static_cast<uint32_t>(purpose);
}

/// Four random words: number `block` of the clip's stream for `purpose`.
HOST_DEVICE Random4 clip_words(const ClipKey& key, Purpose purpose, uint32_t block) {
  return philox4x32(key.seed, {{block, key.clip, key.round, op_of(key.rounds, purpose)}});
}

/// The rounds that one call makes: first … first + count - 1, counted from *epoch where there is one.
struct ClipRounds {
  uint64_t seed;
  Rounds rounds;
  const uint32_t* epoch = nullptr;  ///< one number in memory of the device that computes; null: 0
  uint32_t first = 0;
  int count = 1;

  HOST_DEVICE ClipKey key(int variant, int64_t clip) const {
    return {seed, rounds, (epoch ? *epoch : 0) + first + static_cast<uint32_t>(variant), static_cast<uint32_t>(clip)};
  }
};

/// Which clips of a set stand in a batch, and their names in the draws. On the device that computes.
struct ClipRows {
  const int64_t* rows = nullptr;  ///< [batch]; null: every row in order
  const int64_t* ids = nullptr;   ///< one a row of the set, counted modulo 2^32; null: a row is named by its number
  int64_t set = 0;                ///< rows of the set; one outside it is never followed

  HOST_DEVICE int64_t row(int64_t b) const { return rows ? rows[b] : b; }
  HOST_DEVICE bool has(int64_t row) const { return row >= 0 && row < set; }
  /// REQUIRES has(row).
  HOST_DEVICE int64_t id(int64_t row) const { return ids ? ids[row] : row; }
};

/// Uniform in 0 … n - 1, to one part in 2^32 / n.
HOST_DEVICE int32_t uniform_below(uint32_t word, int32_t n) {
  return static_cast<int32_t>(static_cast<uint64_t>(word) * static_cast<uint32_t>(n) >> 32);
}

/// Whether something of probability p happens: 24 of the word's bits are below p in parts of 2^24.
HOST_DEVICE bool happens(uint32_t word, uint32_t chance) { return word >> 8 < chance; }

}  // namespace cudenza::kernels
