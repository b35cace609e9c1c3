/// Philox4x32-10 against the vectors of its authors (Random123, kat_vectors), and the streams made of it.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "kernels/common/philox_words.h"

namespace cudenza::kernels {
namespace {

struct KnownAnswer {
  uint64_t key;
  Random4 counter, answer;
};

constexpr KnownAnswer kKnownAnswers[] = {
    {0, {{0, 0, 0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {0xffffffffffffffff, {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {0x299f31d0a4093822, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
};

TEST(Philox, GivesTheAuthorsNumbers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    const Random4 random = philox4x32(known.key, known.counter);
    for (int k = 0; k < 4; ++k) EXPECT_EQ(random.word[k], known.answer.word[k]) << "key " << known.key << ", word " << k;
  }
}

TEST(Philox, StreamPutsBlockStepAndOpInTheCounter) {
  const uint32_t step = 5;
  const Random4 got = random4({.seed = 11, .op = 3, .step = &step}, 0x700000002), expected = philox4x32(11, {{2, 7, 5, 3}});
  for (int k = 0; k < 4; ++k) EXPECT_EQ(got.word[k], expected.word[k]);
  const Random4 without_step = random4({.seed = 11, .op = 3, .step = nullptr}, 2), at_zero = philox4x32(11, {{2, 0, 0, 3}});
  for (int k = 0; k < 4; ++k) EXPECT_EQ(without_step.word[k], at_zero.word[k]);
}

TEST(Philox, EveryPartOfTheNameMatters) {
  const uint32_t step = 1;
  std::set<uint32_t> first_words;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
    for (const uint32_t op : {0u, 1u}) {
      for (const uint32_t* at : {static_cast<const uint32_t*>(nullptr), &step}) {
        for (const uint64_t block : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32})
          first_words.insert(random4({seed, op, at}, block).word[0]);
      }
    }
  }
  EXPECT_EQ(first_words.size(), 3u * 2 * 2 * 3);
}

TEST(Philox, ManyWordsAtOnceAreTheSame) {
  constexpr int kBlocks = 48;
  const uint32_t step = 0xFEDCBA98;
  for (const uint64_t first : {uint64_t{0}, uint64_t{0xFFFFFFFE}, uint64_t{1} << 40}) {
    uint32_t words[4 * kBlocks];
    philox_words(0x123456789ABCDEF0, 17, step, first, kBlocks, words);
    for (int i = 0; i < 4 * kBlocks; ++i) {
      EXPECT_EQ(words[i],
                random4({.seed = 0x123456789ABCDEF0, .op = 17, .step = &step}, first + static_cast<uint64_t>(i / 4)).word[i % 4])
          << first << " " << i;
    }
  }
}

TEST(Uniform, LiesInZeroToOneWithoutOne) {
  EXPECT_EQ(uniform_of(0), 0.0f);
  EXPECT_EQ(uniform_of(0xFFFFFFFFu), 1.0f - 0x1p-24f);
  EXPECT_EQ(uniform_of(0x80000000u), 0.5f);
}

TEST(Uniform, HasTheMeanAndVarianceOfOne) {
  constexpr int kBlocks = 1 << 18, kCount = 4 * kBlocks;
  double sum = 0, squares = 0, neighbours = 0, last = 0.5;
  for (int block = 0; block < kBlocks; ++block) {
    const Random4 random = random4({.seed = 9, .op = 0, .step = nullptr}, static_cast<uint64_t>(block));
    for (const uint32_t word : random.word) {
      const double u = uniform_of(word);
      sum += u, squares += (u - 0.5) * (u - 0.5), neighbours += (u - 0.5) * (last - 0.5);
      last = u;
    }
  }
  const double sigma = 1 / std::sqrt(12.0 * kCount);
  EXPECT_NEAR(sum / kCount, 0.5, 4 * sigma);
  EXPECT_NEAR(squares / kCount, 1.0 / 12, 4 / std::sqrt(180.0 * kCount));
  EXPECT_NEAR(neighbours / kCount, 0, 4 / (12 * std::sqrt(1.0 * kCount)));
}

}  // namespace
}  // namespace cudenza::kernels
