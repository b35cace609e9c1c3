/// The seam with MPI behind it: this program is started by mpirun, and every process of it runs every test.
///   mpirun -n 3 build/bin/cudenza_ranks_tests
#include <gtest/gtest.h>

#include "engine/parallel/join.h"

namespace cudenza::testing {
namespace {

std::shared_ptr<Ranks> together;  // joined once: MPI cannot be begun anew

Ranks& ranks() { return *together; }

/// Element i of rank r's numbers.
double number(int64_t i, int rank) { return 0.1 * static_cast<double>(i % 1013) - 17.3 * rank; }

template <class T> Tensor numbers_of(int64_t count, int rank, DType dtype) {
  std::vector<T> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = static_cast<T>(number(i, rank));
  return Tensor::from(values, {count}).to(dtype);
}

/// The sum in the order of ranks: these very bits are promised.
template <class T> std::vector<T> sum_in_order(int64_t count) {
  std::vector<T> sum(static_cast<size_t>(count));
  for (int r = 0; r < ranks().size(); ++r) {
    for (int64_t i = 0; i < count; ++i) {
      const T term = static_cast<T>(number(i, r));
      sum[static_cast<size_t>(i)] = r == 0 ? term : sum[static_cast<size_t>(i)] + term;
    }
  }
  return sum;
}

TEST(MpiRanks, AreAsManyAsTheLauncherSays) {
  const Launch launch = launch_of_environment();
  EXPECT_EQ(ranks().size(), launch.size);
  EXPECT_EQ(ranks().rank(), launch.rank);
  EXPECT_EQ(ranks().local_rank(), launch.local_rank);
}

// Sent to all at once, by parts, and in more than one piece of 64 MiB.
TEST(MpiRanks, SumInTheOrderOfRanks) {
  for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{1000}, int64_t{100'003}, int64_t{20'000'001}}) {
    const Tensor t = numbers_of<float>(count, ranks().rank(), DType::f32);
    ranks().sum(t);
    EXPECT_TRUE(t.to_vector<float>() == sum_in_order<float>(count)) << count;
  }
  const Tensor t = numbers_of<double>(30'001, ranks().rank(), DType::f64);
  ranks().sum(t);
  EXPECT_TRUE(t.to_vector<double>() == sum_in_order<double>(30'001));
}

TEST(MpiRanks, SumASliceAndLeaveTheRest) {
  const Tensor t = Tensor::full({100}, 1, DType::f32);
  ranks().sum(t.slice(10, {50}));
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(t.data<float>()[i], i >= 10 && i < 60 ? static_cast<float>(ranks().size()) : 1.0f);
}

/// Terms are what 16 bits hold; their sum is rounded once.
TEST(MpiRanks, SumIn16BitsIsRoundedOnce) {
  for (const int64_t count : {int64_t{5}, int64_t{1000}, int64_t{100'003}}) {
    Tensor expected = numbers_of<float>(count, 0, DType::bf16).to(DType::f32);
    for (int r = 1; r < ranks().size(); ++r) {
      const Tensor term = numbers_of<float>(count, r, DType::bf16).to(DType::f32);
      for (int64_t i = 0; i < count; ++i) expected.data<float>()[i] += term.data<float>()[i];
    }
    const Tensor t = numbers_of<float>(count, ranks().rank(), DType::bf16);
    ranks().sum(t);
    EXPECT_TRUE(t.to_vector<float>() == expected.to(DType::bf16).to_vector<float>()) << count;
  }
}

// More than a piece of 64 MiB among them; others' calls come between.
TEST(MpiRanks, StartedSumsAreThereWhenTheyAreFinished) {
  ranks().finish_sums();  // none
  const int64_t counts[] = {100'003, 3, 20'000'001, 1, 50'000};
  for (int round = 0; round < 2; ++round) {
    std::vector<Tensor> started;
    for (const int64_t count : counts) {
      started.push_back(numbers_of<float>(count, ranks().rank(), DType::f32));
      ranks().start_sum(started.back());
      const Tensor between = numbers_of<double>(30'001, ranks().rank(), DType::f64);
      ranks().sum(between);
      EXPECT_TRUE(between.to_vector<double>() == sum_in_order<double>(30'001));
      EXPECT_EQ(ranks().of_first(ranks().rank() + 0.5), 0.5);
    }
    ranks().finish_sums();
    for (const Tensor& t : started) EXPECT_TRUE(t.to_vector<float>() == sum_in_order<float>(t.numel())) << t.numel();
  }
}

TEST(MpiRanks, SumOnlyFloats) {
  EXPECT_THROW(ranks().sum(Tensor::zeros({2}, DType::i64)), UsageError);
  EXPECT_THROW(ranks().start_sum(Tensor::zeros({2}, DType::f16)), UsageError);
}

TEST(MpiRanks, InfinityAndNanReachAll) {
  const bool last = ranks().rank() == ranks().size() - 1;
  const Tensor t = Tensor::full({1}, last ? INFINITY : 1, DType::f32);
  ranks().sum(t);
  EXPECT_EQ(t.item(), INFINITY);
  EXPECT_TRUE(ranks().any(last));
  EXPECT_FALSE(ranks().any(false));
}

TEST(MpiRanks, BroadcastGathersAndCollect) {
  const Tensor first = numbers_of<float>(77, ranks().rank(), DType::bf16);
  ranks().broadcast(first);
  EXPECT_EQ(first.to_vector<float>(), numbers_of<float>(77, 0, DType::bf16).to_vector<float>());
  EXPECT_EQ(ranks().of_first(ranks().rank() + 0.5), 0.5);

  constexpr int64_t kRows = 10, kSize = 3;
  const Tensor rows = Tensor::zeros({kRows, kSize}, DType::i64);
  const Share own = ranks().share(kRows);
  for (int64_t i = own.begin * kSize; i < (own.begin + own.count) * kSize; ++i) rows.data<int64_t>()[i] = i;
  ranks().gather(rows);
  for (int64_t i = 0; i < kRows * kSize; ++i) EXPECT_EQ(rows.data<int64_t>()[i], i);

  const auto text_of = [](int rank) { return std::string(static_cast<size_t>(rank), 'x') + '\0' + std::to_string(rank); };
  const std::vector<std::string> texts = ranks().collect(text_of(ranks().rank()));
  ASSERT_EQ(texts.size(), ranks().is_first() ? static_cast<size_t>(ranks().size()) : 0);
  for (size_t r = 0; r < texts.size(); ++r) EXPECT_EQ(texts[r], text_of(static_cast<int>(r)));

  std::vector<std::string> of_all;  // rank r's list has r texts
  for (int r = 0; r < ranks().size(); ++r) of_all.insert(of_all.end(), static_cast<size_t>(r), text_of(r));
  EXPECT_EQ(ranks().joined(std::vector(static_cast<size_t>(ranks().rank()), text_of(ranks().rank()))), of_all);
  EXPECT_EQ(ranks().joined({}), std::vector<std::string>{});
}

}  // namespace

int run_tests() {
  together = join(launch_of_environment());
  const int failed = RUN_ALL_TESTS();
  together->leave(failed);
  return failed;
}

}  // namespace cudenza::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return cudenza::testing::run_tests();
}
