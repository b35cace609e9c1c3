/// Data that several ranks, here threads, read together: each file once, and to the bits of one process.
#include "engine/train/shared_rows.h"

#include <gtest/gtest.h>

#include "engine/train/clip_input.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"
#include "tests/support/thread_ranks.h"

namespace cudenza::testing {
namespace {

constexpr int kRate = 8000;

class SharedRows : public ::testing::Test {
 protected:
  SharedRows() { spec_.mel.sample_rate = kRate; }

  void add(const std::string& name, double seconds) {
    write_wav(path(name), kRate, sine(300 + 50 * static_cast<double>(items_.size()), kRate, seconds));
    note(name);
  }
  void add_floats(const std::string& name) {
    write_sound(path(name), sound::kWav | sound::kFloat, kRate, 1, sine(440, kRate, 0.3, 1.1e-3));
    note(name);
  }
  void add_missing(const std::string& name) { note(name); }

  /// The rows of this rank's share of the files, decoded anew.
  Rows own_rows(const Ranks& ranks, PcmCache* cache = nullptr) const {
    const auto own = ranks.share(std::ssize(items_)).of(std::span(items_));
    return load_sound_rows(dataset_, own, spec_, {.threads = 1, .cache = cache});
  }

  void expect_as_alone(int size) const {
    const Rows alone = own_rows(Ranks());
    as_ranks(size, [&](const auto& ranks) {
      const Rows together = shared_rows(own_rows(*ranks), *ranks);
      EXPECT_EQ(together.item, alone.item);
      EXPECT_EQ(together.bad, alone.bad);
      EXPECT_EQ(together.remarks, alone.remarks);
      EXPECT_EQ(together.in_16_bits, alone.in_16_bits);
      EXPECT_EQ(together.data.dtype(), alone.data.dtype());
      EXPECT_EQ(together.data.shape(), alone.data.shape());
      EXPECT_EQ(together.data.template to_vector<float>(), alone.data.to_vector<float>()) << size << " ranks";
    });
  }

  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  Dataset dataset_;
  std::vector<int> items_;
  InputSpec spec_{.clip_seconds = 0.25};

 private:
  void note(const std::string& name) {
    items_.push_back(static_cast<int>(items_.size()));
    dataset_.items.push_back({.path = path(name), .label = 0, .split = {}});
  }

  ScratchFolder folder_;
};

TEST_F(SharedRows, AreThoseOfOneProcess) {
  add("a.wav", 0.25);
  add("b.wav", 1.4);  // six rows
  add_missing("c.wav");
  add("d.wav", 0.1);
  add("e.wav", 0.5);
  for (const int size : {2, 3, 4}) expect_as_alone(size);
}

TEST_F(SharedRows, OneRanksFloatsMakeAllFloats) {
  add("a.wav", 0.25);
  add("b.wav", 0.5);
  add_floats("c.wav");
  expect_as_alone(2);
  expect_as_alone(3);
}

TEST_F(SharedRows, ARankMayHaveNoFilesOrNoGoodOnes) {
  add("a.wav", 0.6);
  add_missing("b.wav");
  expect_as_alone(2);
  expect_as_alone(4);
}

TEST_F(SharedRows, NoneAtAllAreNone) {
  add_missing("a.wav");
  add_missing("b.wav");
  expect_as_alone(2);
}

TEST_F(SharedRows, EachRankDecodesItsShareAlone) {
  for (int i = 0; i < 7; ++i) add(fmt::format("{}.wav", i), 0.3);
  as_ranks(3, [&](const auto& ranks) {
    PcmCache cache(path(fmt::format("cache {}", ranks->rank())));
    const Rows rows = shared_rows(own_rows(*ranks, &cache), *ranks);
    EXPECT_EQ(cache.counts().decoded, ranks->rank() == 0 ? 3 : 2);
    EXPECT_EQ(rows.item.size(), 7u);
  });
}

TEST_F(SharedRows, StatisticsAreThoseOfOneProcess) {
  for (int i = 0; i < 9; ++i) add(fmt::format("{}.wav", i), 2.0);  // 72 rows: three batches
  const Rows rows = own_rows(Ranks());
  std::vector<int64_t> some;
  for (int64_t row = 0; row < rows.data.size(0); row += 1 + row % 2) some.push_back(row);
  for (int64_t row = 0; row < rows.data.size(0); ++row) some.push_back(row);
  const MelStatistics alone = measure(rows.data, spec_.mel, some);
  for (const int size : {2, 3, 5}) {
    as_ranks(size, [&](const auto& ranks) {
      const MelStatistics together = measure(rows.data, spec_.mel, some, ranks.get());
      EXPECT_EQ(together.clips(), alone.clips());
      EXPECT_EQ(together.mean(), alone.mean());
      EXPECT_EQ(together.variance(), alone.variance());
    });
  }
}

}  // namespace
}  // namespace cudenza::testing
