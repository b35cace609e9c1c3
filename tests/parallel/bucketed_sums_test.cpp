/// Gradients that leave in buckets beside those that are summed once the backward pass has ended.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/linear.h"
#include "engine/ops/reduce.h"
#include "engine/ops/softmax_xent.h"
#include "engine/optim/parameter_groups.h"
#include "engine/train/gradient_buckets.h"
#include "engine/train/shared_norms.h"
#include "tests/support/compare.h"
#include "tests/support/noted.h"
#include "tests/support/residual_cnn.h"
#include "tests/support/thread_ranks.h"

namespace cudenza::testing {
namespace {

using Events = std::vector<std::string>;

/// Other ranks, whose sums are as late as they may be: what was started must be as it was when they come. Notes where in
/// `gradients` each began.
class LateRanks : public Ranks {
 public:
  LateRanks(Ranks& ranks, const Tensor& gradients, Events& events) : ranks_(ranks), gradients_(gradients), events_(events) {}
  int rank() const override { return ranks_.rank(); }
  int size() const override { return ranks_.size(); }
  void sum(const Tensor& t) override { ranks_.sum(t); }
  void start_sum(const Tensor& t) override {
    events_.push_back(fmt::format("sum at {}", t.data<float>() - gradients_.data<float>()));
    started_.push_back({t, t.clone()});
  }
  void finish_sums() override {
    for (const auto& [t, then] : started_) {
      EXPECT_TRUE(is_same(t, then)) << "a gradient changed after it had left";
      ranks_.sum(t);
    }
    started_.clear();
  }

 private:
  Ranks& ranks_;
  Tensor gradients_;
  Events& events_;
  std::vector<std::pair<Tensor, Tensor>> started_;
};

struct Pass {
  int64_t bucket_bytes = 0;  ///< 0: one sum at the end
  int first_trained = 0;     ///< group
  int batches = 1;           ///< whose gradients are added
};

/// Through convolutions, batch norms of all ranks' rows, residual sums and dropout.
std::vector<float> gradient_of(Ranks& ranks, const Pass& pass) {
  constexpr int64_t kSamples = 7, kSize = 8 * 8 * 3;
  const auto random = std::make_shared<Generator>(5);
  ResidualCnn net({.drop = 0.25, .random = random});
  net.initialize(*random);
  share_statistics(net, &ranks);
  FlatParameters parameters(group_by_prefix(net, {{"stem", {""}}, {"block", {"block_"}}, {"head", {"fc."}}}));
  parameters.freeze_to(pass.first_trained);
  const Tensor pictures = make_inputs({{.shape = {kSamples, 8, 8, 3}}}, DType::f32)[0];
  const Tensor labels = Tensor::from(std::vector<int64_t>{3, 1, 4, 1, 0, 2, 2}, {kSamples});
  const Share own = ranks.share(kSamples);
  random->set_place(own.begin);
  Events events;
  LateRanks late(ranks, parameters.gradients(), events);
  for (int batch = 0; batch < pass.batches; ++batch) {
    const Tensor x = scale(pictures.slice(own.begin * kSize, {own.count, 8, 8, 3}), 1 + batch);
    const Tensor loss = softmax_cross_entropy(net(x), labels.slice(own.begin, {own.count}));
    std::optional<GradientBuckets> buckets;
    const bool is_last = batch + 1 == pass.batches;
    if (is_last && pass.bucket_bytes > 0) buckets.emplace(parameters, late, GradientBuckets::Spec{.bytes = pass.bucket_bytes});
    scale(loss, static_cast<double>(own.count) / kSamples).backward();
    if (buckets) buckets->finish();
    else if (is_last) ranks.sum(parameters.gradients());
  }
  return parameters.gradients().to_vector<float>();
}

TEST(BucketedSums, AreTheBitsOfOneSumAtTheEnd) {
  for (const int size : {2, 3}) {
    as_ranks(size, [&](const auto& ranks) {
      for (const int first_trained : {0, 1, 2}) {
        for (const int batches : {1, 2}) {
          const auto pass = [&](int64_t bytes) { return Pass{bytes, first_trained, batches}; };
          const std::vector<float> at_the_end = gradient_of(*ranks, pass(0));
          for (const int64_t bytes : {1, 4'000, 1 << 24})
            EXPECT_TRUE(gradient_of(*ranks, pass(bytes)) == at_the_end)
                << size << " ranks, buckets of " << bytes << " bytes, groups from " << first_trained << ", batches " << batches;
        }
      }
    });
  }
}

/// Two linear layers, of which the first serves a second time above them if told to.
struct Layers {
  Tensor first = Tensor::full({16, 16}, 0.1, DType::f32), second = Tensor::full({16, 16}, 0.2, DType::f32);
  FlatParameters parameters{{{"all", {{"first", first}, {"second", second}}}}};

  Tensor loss(const Tensor& x, bool first_again, Events& events) const {
    const Tensor below = noted("between", linear(x, first), events);
    const Tensor y = linear(below, second);
    return sum(first_again ? linear(y, first) : y);
  }
};

/// Adds to `events` what happens while the gradient of `loss` is computed and summed.
const Events& events_of(Ranks& ranks, const Layers& layers, const Tensor& loss, Events& events) {
  LateRanks late(ranks, layers.parameters.gradients(), events);
  GradientBuckets buckets(layers.parameters, late, {.bytes = 1});
  loss.backward();
  events.push_back("end");
  buckets.finish();
  return events;
}

TEST(BucketedSums, BeginBeforeTheBackwardPassHasEnded) {
  Twins twins;
  const Layers layers;
  Events events;
  const Tensor loss = layers.loss(Tensor::full({2, 16}, 1, DType::f32), false, events);
  EXPECT_EQ(events_of(twins, layers, loss, events), (Events{"sum at 256", "between", "sum at 0", "end"}));
}

TEST(BucketedSums, AParameterUsedTwiceWaitsForBoth) {
  Twins twins;
  const Layers layers, others;
  Events events;
  const Tensor x = make_inputs({{.shape = {2, 16}}}, DType::f32)[0];
  const Tensor loss = layers.loss(x, true, events);
  EXPECT_EQ(events_of(twins, layers, loss, events), (Events{"sum at 256", "between", "sum at 0", "end"}));
  others.loss(x, true, events).backward();
  EXPECT_TRUE(is_same(layers.parameters.gradients(), scale(others.parameters.gradients(), 2)));
}

TEST(BucketedSums, LeaveInOneOrderWhateverARanksLossDependsOn) {
  as_ranks(2, [](const auto& ranks) {
    const Layers layers;
    Events events;
    const Tensor x = Tensor::full({2, 16}, 1, DType::f32);
    const Tensor loss = ranks->is_first() ? layers.loss(x, false, events) : sum(linear(x, layers.first));
    events_of(*ranks, layers, loss, events);
    std::erase_if(events, [](const std::string& event) { return !event.starts_with("sum"); });
    EXPECT_EQ(events, (Events{"sum at 256", "sum at 0"})) << "rank " << ranks->rank();
    const float own = layers.parameters.gradients().template data<float>()[256];
    EXPECT_GT(own, 0) << "rank 1 has no such gradient, but the sum";
  });
}

/// Of many sizes, on both sides of 0.
float value_of(int64_t i, int rank) {
  const auto k = static_cast<double>(i + 1);
  return static_cast<float>(std::sin(12.9898 * k + 78.233 * rank) * std::pow(10.0, i % 60 - 30));
}

/// The sums of value_of() in 16 bits, and what is between is infinite or no number on one rank.
std::vector<float> sums_in_16_bits(Ranks& ranks, int64_t count) {
  const FlatParameters parameters({{"all", {{"a", Tensor::zeros({count}, DType::f32)}}}});
  for (int64_t i = 0; i < count; ++i) parameters.gradients().data<float>()[i] = value_of(i, ranks.rank());
  if (ranks.rank() == 1) parameters.gradients().data<float>()[5] = -INFINITY;
  if (ranks.rank() == 0) parameters.gradients().data<float>()[6] = NAN;
  GradientBuckets(parameters, ranks, {.wire = DType::bf16}).finish();
  return parameters.gradients().to_vector<float>();
}

TEST(BucketedSums, In16BitsKeepTheirBound) {
  constexpr int64_t kCount = 600;
  std::array<std::vector<float>, 3> of_ranks;
  as_ranks(3, [&](const auto& ranks) { of_ranks[static_cast<size_t>(ranks->rank())] = sums_in_16_bits(*ranks, kCount); });
  const std::vector<float>& sums = of_ranks[0];
  EXPECT_EQ(sums[5], -INFINITY);
  EXPECT_TRUE(std::isnan(sums[6]));
  double worst = 0;
  for (size_t i = 0; i < kCount; ++i) {
    if (i == 5 || i == 6) continue;
    double exact = 0, magnitudes = 0;
    for (int r = 0; r < 3; ++r) exact += value_of(i, r), magnitudes += std::abs(value_of(i, r));
    worst = std::max(worst, std::abs(sums[i] - exact) / magnitudes);
    EXPECT_EQ(of_ranks[1][i], sums[i]);
    EXPECT_EQ(of_ranks[2][i], sums[i]);
  }
  EXPECT_LE(worst, std::exp2(-7));
  EXPECT_GT(worst, std::exp2(-10)) << "nothing was rounded";
}

}  // namespace
}  // namespace cudenza::testing
