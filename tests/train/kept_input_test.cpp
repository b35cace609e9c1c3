#include "engine/train/kept_input.h"

#include <gtest/gtest.h>

#include "engine/ops/pointwise.h"
#include "engine/train/evaluate.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

bool is_same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && a.to_vector<float>() == b.to_vector<float>(); }

/// Counts the pictures that went through.
struct Doubling {
  int64_t* seen;
  Tensor operator()(const Tensor& x) const {
    *seen += x.size(0);
    return scale(reshape(x, {x.size(0), 4}), 2);
  }
};

Input::Batch batch_of(const std::vector<int64_t>& rows, uint32_t epoch) {
  return {Tensor::from(rows, {std::ssize(rows)}), Tensor::from(std::vector{epoch}, {1})};
}

TEST(KeptInput, LetsEverythingPassUntilItKeeps) {
  ToyInput pictures(6, 2);
  KeptInput input(pictures);
  EXPECT_TRUE(is_same(input.training(batch_of({4, 1}, 3)), pictures.training(batch_of({4, 1}, 3))));
  EXPECT_TRUE(is_same(input.plain(std::array<int64_t, 1>{2}), pictures.plain(std::array<int64_t, 1>{2})));
  EXPECT_EQ(input.views(), 2);
}

TEST(KeptInput, GivesWhatTheLayersMakeOfEachDrawAndRunsThemOnce) {
  ToyInput pictures(6, 2);
  KeptInput input(pictures);
  int64_t seen = 0, told = 0, other = 0;
  const Doubling layers{&seen}, judge{&other};
  input.keep(
      layers,
      {.training = {5, 0, 3}, .plain = {1, 4, 2}, .draws = 3, .batch_size = 2, .progress = [&](int64_t done, int64_t total) {
         told = done;
         return total == 3 * 3 + 3 * 2;
       }});
  EXPECT_EQ(seen, 3 * 3 + 3 * 2);
  EXPECT_EQ(told, seen);
  for (uint32_t epoch = 0; epoch < 7; ++epoch)
    EXPECT_TRUE(is_same(input.training(batch_of({3, 5}, epoch)), judge(pictures.training(batch_of({3, 5}, epoch % 3)))));
  const std::array<int64_t, 2> rows{2, 1};
  EXPECT_TRUE(is_same(input.plain(rows), judge(pictures.plain(rows))));
  EXPECT_EQ(seen, 3 * 3 + 3 * 2) << "a kept picture was computed again";
  const std::array<int64_t, 2> strange{2, 5};  // 5 is not kept as a plain picture
  EXPECT_TRUE(is_same(input.plain(strange), judge(pictures.plain(strange))));
  EXPECT_TRUE(is_same(input.variants(rows, 4), judge(pictures.variants(rows, 4))));
  input.release();
  EXPECT_TRUE(is_same(input.plain(rows), pictures.plain(rows)));
}

TEST(KeptInput, KeepsNothingIfItIsStopped) {
  ToyInput pictures(6);
  KeptInput input(pictures);
  int64_t seen = 0;
  EXPECT_THROW(
      input.keep(Doubling{&seen},
                 {.training = {0, 1, 2}, .plain = {}, .batch_size = 1, .progress = [](int64_t, int64_t) { return false; }}),
      Stopped);
  EXPECT_TRUE(is_same(input.plain(std::array<int64_t, 1>{2}), pictures.plain(std::array<int64_t, 1>{2})));
}

TEST(KeptInput, KnowsHowManyBytesItWillTake) {
  ToyInput pictures(6, 2);
  KeptInput input(pictures);
  int64_t seen = 0;
  EXPECT_EQ(input.bytes_of_picture(Doubling{&seen}, 4), 4 * 4);
  EXPECT_EQ((KeptInput::Choice{.training = {0, 1, 2}, .plain = {4, 5}, .draws = 8}.pictures(2)), 3 * 8 + 2 * 2);
}

TEST(KeptInput, HasPicturesPreparedThatItWillAskFor) {
  struct Preparing : ToyInput {
    using ToyInput::ToyInput;
    void prepare(std::span<const int64_t> rows, uint32_t) override { prepared += std::ssize(rows); }
    int64_t prepared = 0;
  } pictures(6);
  KeptInput input(pictures);
  const std::vector<int64_t> rows{1, 3};
  int64_t seen = 0;
  const auto prepared_by = [&](const auto& act) {
    pictures.prepared = 0;
    act();
    return pictures.prepared;
  };
  EXPECT_EQ(prepared_by([&] { input.prepare(rows, 0); }), 2);
  EXPECT_EQ(prepared_by([&] { input.keep(Doubling{&seen}, {.training = rows, .plain = {}, .draws = 3}); }), 2 * 3);
  EXPECT_EQ(prepared_by([&] { input.prepare(rows, 1); }), 0) << "they are kept";
  input.keep(Doubling{&seen}, {.training = {}, .plain = {}});
  EXPECT_EQ(prepared_by([&] { input.prepare(rows, 2); }), 2);
}

TEST(KeptInput, ComputesWhatItDoesNotKeep) {
  ToyInput pictures(6, 2);
  KeptInput input(pictures);
  int64_t seen = 0, other = 0;
  const Doubling judge{&other};
  input.keep(Doubling{&seen}, {.training = {}, .plain = {}});
  EXPECT_EQ(seen, 0);
  const std::vector<int64_t> rows{1, 3};
  EXPECT_TRUE(is_same(input.plain(rows), judge(pictures.plain(rows))));
  EXPECT_TRUE(is_same(input.training(batch_of(rows, 2)), judge(pictures.training(batch_of(rows, 2)))));
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace cudenza::testing
