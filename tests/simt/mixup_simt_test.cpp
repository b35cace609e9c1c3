/// What an OpCase's shapes are too small for: blocks that take several tiles, as all do in a batch that fills a card.
#include <gtest/gtest.h>

#include <vector>

#include "kernels/mixup/mixup.h"
#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kSamples = 16, kSampleSize = 2 * 1024 * 128 - 3;  // single elements; the last tile is short

template <class Where> std::vector<float> mixed(Where where, const std::vector<float>& x) {
  std::vector<float> y(x.size()), lambda(kSamples);
  std::vector<int64_t> partner(kSamples);
  mixup(where, x.data(), y.data(), kSamples, kSampleSize, 0.4, {.seed = 5, .op = 1, .step = nullptr},
        {partner.data(), lambda.data()});
  return y;
}

TEST(MixupOnSimt, BlocksOfSeveralTilesAreTheReference) {
  simt::set_order(simt::Order::kRandom);
  std::vector<float> x(static_cast<size_t>(kSamples * kSampleSize));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 8191);
  EXPECT_TRUE(mixed(Gpu{}, x) == mixed(Reference{}, x));
}

}  // namespace
}  // namespace cudenza::kernels
