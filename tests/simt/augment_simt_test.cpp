/// The kernels of augmentation, their source run on the host, against the plain loops. (Mixup and the joining of passes have
/// OpCases.)
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/core/gpu.h"
#include "kernels/simt/simt.h"
#include "kernels/spec_augment/spec_augment.h"
#include "tests/support/augmented.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

using kernels::Rounds;

constexpr simt::Order kOrders[] = {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom};
constexpr AugmentSpec kAll = kEveryAugmentation;

Tensor sound(int64_t clips, int64_t samples, DType dtype) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal(300, 3000);
  std::vector<double> x(static_cast<size_t>(clips * samples));
  for (double& v : x) v = std::round(normal(random));
  return Tensor::from(x, {clips, samples}).to(dtype);
}

struct Case {
  int64_t samples, crop;
};

// Whole packs over two blocks, short last packs, rows off the pack's border, a crop, and a clip with silence around it.
constexpr Case kCases[] = {{8400, 0}, {1003, 0}, {1003, 402}, {200, 404}};

TEST(AugmentOnSimt, KernelEqualsTheReference) {
  const std::vector<int64_t> chosen{2, 0, 0};
  const Tensor rows = Tensor::from(chosen, {3}), epoch = Tensor::from(std::vector<uint32_t>{6}, {1});
  const Device gpu = Device::cuda();
  for (const auto& [samples, crop] : kCases) {
    AugmentSpec spec = kAll;
    spec.crop = crop;
    for (const DType dtype : {DType::i16, DType::f32}) {
      const Tensor pcm = sound(3, samples, dtype);
      const ResidentClips there(pcm.to(gpu));
      const Tensor one = augmented(pcm, chosen, spec, {.seed = 2, .rounds = Rounds::epochs, .first = 6}),
                   many = augmented(pcm, chosen, spec, {.seed = 2, .rounds = Rounds::variants, .count = 4});
      for (const auto order : kOrders) {
        SCOPED_TRACE(fmt::format("{} samples, crop {}, {}", samples, crop, dtype));
        simt::set_order(order);
        EXPECT_TRUE(is_close(augment(there, rows.to(gpu), spec, {.seed = 2, .epoch = epoch.to(gpu)}), one,
                             kernel_against_cpu(DType::f32)));
        EXPECT_TRUE(is_close(tta_variants(there, rows.to(gpu), spec, 2, 4), many, kernel_against_cpu(DType::f32)));
      }
    }
  }
}

// A constant clip has no deviation that noise could be a part of; three samples are too few for a cut; and of two variants of a
// crop each begins elsewhere, in whole packs.
TEST(AugmentOnSimt, ConstantShortAndCroppedClipsAreTheReferences) {
  simt::set_order(simt::Order::kForward);
  const std::pair<Tensor, int64_t> cases[] = {
      {Tensor::full({2, 72}, 500, DType::i16), 0}, {sound(6, 3, DType::i16), 0}, {sound(2, 1200, DType::i16), 400}};
  for (const auto& [pcm, crop] : cases) {
    AugmentSpec spec = kAll;
    spec.crop = crop;
    const ResidentClips there(pcm.to(Device::cuda()));
    for (const int count : {1, 2, 3}) {
      EXPECT_TRUE(is_close(tta_variants(there, {}, spec, 2, count),
                           augmented(pcm, {}, spec, {.seed = 2, .rounds = Rounds::variants, .count = count}),
                           kernel_against_cpu(DType::f32)))
          << pcm.size(1) << " samples, " << count << " variants";
    }
  }
}

// Without noise nothing is rounded but the scale: places, sizes and samples are equal to the last bit.
TEST(AugmentOnSimt, ChoicesAreEqualToTheLastBit) {
  simt::set_order(simt::Order::kRandom);
  AugmentSpec spec = kAll;
  spec.noise_p = 0, spec.crop = 700;
  const Tensor pcm = sound(20, 1003, DType::i16);
  EXPECT_EQ(augment(ResidentClips(pcm.to(Device::cuda())), {}, spec, {.seed = 9}).to_vector<float>(),
            augmented(pcm, {}, spec, {.seed = 9, .rounds = Rounds::epochs}).to_vector<float>());
}

TEST(AugmentOnSimt, ACapturedCallDrawsAnewWithTheEpoch) {
  simt::set_order(simt::Order::kForward);
  const Device gpu = Device::cuda();
  const Tensor pcm = sound(2, 404, DType::i16), epoch = Tensor::zeros({1}, DType::u32, gpu),
               y = Tensor::zeros({2, 404}, DType::f32, gpu);
  const ResidentClips clips(pcm.to(gpu));
  const gpu::CapturedGraph graph(0, [&] { y.copy_from(augment(clips, {}, kAll, {.seed = 2, .epoch = epoch})); });
  for (const uint32_t at : {1u, 2u}) {
    epoch.copy_from(Tensor::from(std::vector{at}, {1}));
    graph.replay();
    EXPECT_TRUE(is_close(y, augmented(pcm, {}, kAll, {.seed = 2, .rounds = Rounds::epochs, .first = at}),
                         kernel_against_cpu(DType::f32)));
  }
}

// Memory ends with the set: AddressSanitizer sees a row that is followed out of it.
TEST(AugmentOnSimt, RowsOutsideTheSetAreNeverFollowed) {
  simt::set_order(simt::Order::kRandom);
  const Device gpu = Device::cuda();
  const ResidentClips clips(sound(2, 64, DType::i16).to(gpu), Tensor::from(std::vector<int64_t>{5, 6}, {2}, gpu));
  const Tensor rows = Tensor::from(std::vector<int64_t>{1, 2, -1}, {3}, gpu);
  const auto y = augment(clips, rows, kAll, {.seed = 2}).to_vector<float>();
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(std::isnan(y[i]), i >= 64) << i;
  const Tensor mel = Tensor::full({3, 4, 5}, 1, DType::f32, gpu);
  spec_augment({mel, {}}, clips, rows, {}, {.seed = 2});
  EXPECT_EQ(mel.to_vector<float>(), std::vector<float>(60, 1));
}

TEST(SpecAugmentOnSimt, KernelEqualsTheReference) {
  const Device gpu = Device::cuda();
  const std::vector<int64_t> chosen{1, 1, 0};
  const Tensor mel = make_inputs({{.shape = {6, 20, 70}}}, DType::f32)[0], floor = Tensor::full({6}, -0.5, DType::f32),
               rows = Tensor::from(chosen, {3}, gpu);
  const ResidentClips there(Tensor::zeros({2, 8}, DType::i16, gpu));
  for (const SpecMasks masks :
       {SpecMasks{}, {.frames = 0}, {.bands = 0}, {.frames = 1, .bands = 1}, {.frames = 100, .bands = 100}}) {
    const Tensor expected = mel.clone();
    const kernels::MaskRule rule{20, 70, std::min(masks.bands, 20), std::min(masks.frames, 70)};
    kernels::spec_augment(kernels::Reference{}, rule, {.rows = chosen.data(), .set = 2},
                          {.seed = 3, .rounds = Rounds::variants, .count = 2}, floor.data<float>(), expected.data<float>(), 3);
    for (const auto order : kOrders) {
      simt::set_order(order);
      const Tensor x = mel.to(gpu);
      spec_augment_variants({x, floor.to(gpu)}, there, rows, masks, 3, 2);
      EXPECT_TRUE(is_close(x, expected, kernel_against_cpu(DType::f32)));
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
