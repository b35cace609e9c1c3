/// What a model's file says of its input: all that is needed to hear as it heard, with the training set's statistics.
#include "engine/train/input_spec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/train/clip_input.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

constexpr int64_t kSamples = 3000;

Tensor clips(int64_t count) {
  const Tensor pcm = Tensor::empty({count, kSamples}, DType::i16);
  for (int64_t i = 0; i < pcm.numel(); ++i)
    pcm.span<int16_t>()[i] = static_cast<int16_t>(std::lround((1 + i / kSamples) * 1000 * std::sin(1e-3 * i * (i % 7))));
  return pcm;
}

InputSpec unusual() {
  InputSpec spec{.preset = "torchaudio",
                 .mel = {.sample_rate = 8000,
                         .n_fft = 256,
                         .win_length = 200,
                         .hop = 100,
                         .centre = false,
                         .power = 1,
                         .n_mels = 12,
                         .fmin = 50,
                         .fmax = 3500,
                         .scale = MelScale::htk,
                         .norm = MelNorm::none,
                         .floor = 1e-8,
                         .top_db = 70,
                         .standardise_wave = true},
                 .picture = {.height = 30, .width = 40, .channels = 1, .antialias = false, .low_at_bottom = false},
                 .normalize = Normalize::bin,
                 .clip_seconds = 3,
                 .crop_seconds = 1.5};
  const std::vector<int64_t> training = {0, 2, 3};
  spec.statistics = measure(clips(5), spec.mel, training);
  return spec;
}

TEST(InputSpec, IsReadAsItWasWritten) {
  const ScratchFolder scratch;
  const InputSpec spec = unusual();
  Hdf5File::create(scratch.path() / "m.h5", [&](Hdf5File& file) { write_input_spec(file, spec); });
  const InputSpec read = read_input_spec(Hdf5File(scratch.path() / "m.h5"));
  EXPECT_EQ(read.media, spec.media);
  EXPECT_EQ(read.preset, spec.preset);
  EXPECT_EQ(read.mel, spec.mel);
  EXPECT_EQ(read.picture, spec.picture);
  EXPECT_EQ(read.normalize, spec.normalize);
  EXPECT_EQ(read.clip_seconds, spec.clip_seconds);
  EXPECT_EQ(read.crop_seconds, spec.crop_seconds);
  EXPECT_EQ(read.statistics.clips(), 3);
  EXPECT_EQ(read.statistics.mean(), spec.statistics.mean());
  EXPECT_EQ(read.statistics.variance(), spec.statistics.variance());
}

TEST(InputSpec, StatisticsAreOfTheRowsGivenAlone) {
  const InputSpec spec = unusual();
  const Tensor pcm = clips(5);
  MelStatistics expected;
  for (const int64_t row : {0, 2, 3}) expected.add(LogMel(spec.mel)(pcm.slice(row * kSamples, {1, kSamples})));
  for (size_t b = 0; b < expected.mean().size(); ++b) {
    EXPECT_NEAR(spec.statistics.mean()[b], expected.mean()[b], 1e-5);
    EXPECT_NEAR(spec.statistics.variance()[b], expected.variance()[b], 1e-5 * expected.variance()[b]);
  }
}

}  // namespace
}  // namespace cudenza::testing
